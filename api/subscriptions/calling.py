"""One call-back: a message goes to an address that was checked, and whatever comes back is an outcome."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from api.subscriptions.addresses import Allowed, Refused, parse, resolve
from models.subscription import CallError

# Seconds, as the specification recommends: a receiver takes a message first and works on it later.
CONNECT, WHOLE = 5.0, 20.0
# Of an answer, which nobody reads; more than that is not waited for.
MOST_BYTES = 1 << 16
# Of the addresses that a host has: as many as are tried.
MOST_ADDRESSES = 3
_BUSY = (429, 503)


@dataclass(frozen=True)
class Outcome:
    """`error` is None for a message that was taken; `wait` are the seconds that a busy receiver asks for."""

    milliseconds: int
    status: int | None = None
    error: CallError | None = None
    wait: float | None = None


class Receiver:
    """Who is called back: a connection is kept for the next message, and for no other host.

    Two hosts may share an address, and a connection is found again by its address alone.
    """

    def __init__(
        self, allowed: Allowed, context: ssl.SSLContext, names: Executor, *, seconds: float = WHOLE
    ) -> None:
        self._allowed, self._names, self._seconds = allowed, names, seconds
        self._client = httpx.AsyncClient(
            verify=context,
            # A proxy would connect to addresses that nobody checked.
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(seconds, connect=min(CONNECT, seconds)),
        )

    async def __aenter__(self) -> "Receiver":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def take(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send it and tell what became of it; only being cancelled raises."""
        started = time.perf_counter()
        status, error, wait = None, None, None
        try:
            async with asyncio.timeout(self._seconds):
                status, wait = await self._send(url, headers, body)
            error = _error_of(status)
        except Refused as refused:
            error = refused.error
        except (TimeoutError, httpx.TimeoutException):
            error = "timeout"
        except httpx.ConnectError as failure:
            error = "tls" if _in_tls(failure) else "connect"
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError):
            error = "broken"
        return Outcome(round((time.perf_counter() - started) * 1000), status, error, wait)

    async def _send(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        target = parse(url, self._allowed)
        loop = asyncio.get_running_loop()
        addresses = await loop.run_in_executor(self._names, resolve, target, self._allowed)
        failure: httpx.TransportError | None = None
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return await self._send_to(address, target, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        assert failure is not None, "a host that resolves has an address"
        raise failure

    async def _send_to(
        self, address: str, target: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, float | None]:
        host = target.raw_host.decode()
        request = self._client.build_request(
            "POST",
            target.copy_with(host=address),
            headers={**headers, "Host": target.netloc.decode()},
            content=body,
            # Whom the certificate must name: the host, not the address that the connection goes to.
            extensions={"sni_hostname": host.rstrip(".")},
        )
        response = await self._client.send(request, stream=True)
        try:
            read = 0
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read > MOST_BYTES:
                    break
        finally:
            await response.aclose()
        return response.status_code, _wait(response)


def _error_of(status: int) -> CallError | None:
    if 200 <= status < 300:
        return None
    return "redirect" if 300 <= status < 400 else "status"


def _wait(response: httpx.Response) -> float | None:
    """Seconds of a `Retry-After` (RFC 9110), in either of its forms."""
    given = response.headers.get("retry-after", "").strip()
    if response.status_code not in _BUSY or not given:
        return None
    if given.isdecimal() and given.isascii() and len(given) < 10:
        return float(given)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _in_tls(error: BaseException) -> bool:
    """Whether the connection stood, and its encryption did not."""
    causes = [error]
    while causes[-1].__cause__ or causes[-1].__context__:
        causes.append(causes[-1].__cause__ or causes[-1].__context__)  # type: ignore[arg-type]
    return any(isinstance(cause, ssl.SSLError) for cause in causes)
