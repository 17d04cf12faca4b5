"""What time brings, apart from the service: call-backs, and the ends of embargoes."""

from typing import Annotated

from api.commands.options import Url, existing_database, option
from api.terminal import err


def worker(
    database_url: Url = None,
    metrics_port: Annotated[
        int | None,
        option("Serve the worker's measurements for Prometheus on 127.0.0.1.", min=1, max=65535),
    ] = None,
) -> None:
    """Call subscribers back and end embargoes, until a signal ends it. Settings: as `serve`."""
    import asyncio
    import signal

    from prometheus_client import start_http_server

    from api.logs import configure
    from api.settings import Settings
    from api.subscriptions.clock import timekeeping
    from api.subscriptions.delivering import Worker
    from models.measures import vocabulary

    # Whatever the service beside it is told: this is the worker.
    settings = Settings(worker=True)
    configure(settings)
    database = existing_database(database_url)

    async def work() -> None:
        working = Worker(database, settings)
        for ending in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(ending, working.stop)
        err.print("Calling subscribers back, and ending embargoes.")
        async with timekeeping(database, vocabulary(settings.measures), settings):
            await working.run()

    if metrics_port is not None:
        start_http_server(metrics_port, addr="127.0.0.1")
    asyncio.run(work())
    database.close()
