"""Moments as the record writes them: in one form, whose byte order is theirs."""

import datetime


def written(time: datetime.datetime) -> str:
    """A time as the record writes it: UTC, milliseconds."""
    utc = time.astimezone(datetime.UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """This moment, as the record writes it."""
    return written(datetime.datetime.now(datetime.UTC))
