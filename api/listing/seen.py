"""What a client has seen of the record: it sends the revision in `X-Revision`, and reads no older one."""

import re

from fastapi import Request

from api.listing import cursor
from api.listing.parameters import AsOf
from api.listing.reading import Reading
from api.problems import Mistake, unprocessable

HEADER = "X-Revision"


def at_least(request: Request, parameters: AsOf) -> int | None:
    """The oldest revision that answers a request, for `Database.read`; None: the newest one there is.

    It is what the client has seen, or what it asks for: `as_of` with a number and a cursor pin a revision,
    which a replica may not have. Which revision a time means is known where all revisions are.
    """
    as_of, place = parameters.as_of, getattr(parameters, "cursor", None)
    if as_of is not None and not as_of.isdecimal():
        return None
    return max(seen(request), int(as_of or 0), cursor.revision_of(place) if place else 0)


def seen(request: Request) -> int:
    """The revision that the client has seen, 0 if it does not say."""
    given = request.headers.getlist(HEADER)
    if not given:
        return 0
    if len(given) > 1 or not re.fullmatch("[0-9]{1,15}", given[0]):
        message = "the number of a revision, as answers have it in their X-Revision"
        raise unprocessable(Mistake(parameter=HEADER, message=message))
    return int(given[0])


def not_older(request: Request, reading: Reading) -> Reading:
    """The same reading, unless the client has seen more than there is: this is not the record that it knows.

    So it is after a restore from a backup, or where a replica took the primary's place before it had all.
    """
    if seen(request) > reading.newest:
        message = f"of a revision that is not on record; the newest is {reading.newest}"
        raise unprocessable(Mistake(parameter=HEADER, message=f"{message}. Leave it out to begin anew"))
    return reading
