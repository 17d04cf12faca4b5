"""Serving the record."""

from typing import Annotated

from api.commands.options import Host, Port, Url, option
from api.terminal import err


def serve(
    host: Host = None,
    port: Port = None,
    database_url: Url = None,
    workers: Annotated[int, option("Processes.", min=1)] = 1,
) -> None:
    """Migrate the database, load the seed, serve /v1 and /docs. Settings: ONRECORD_… in the environment."""
    from api import starting

    given = {"host": host, "port": port, "database_url": database_url}
    starting.serve(given, workers, lambda line: err.print(line, markup=False, soft_wrap=True))
