"""Where a call-back may go: to public addresses alone, unless a setting says otherwise (SSRF).

Whoever subscribes names a URL that this service then calls from inside its network. So names are resolved
here, every address that they have is checked, and the connection goes to an address that was checked: a
name that leads elsewhere a moment later (DNS rebinding) leads nowhere.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from models.subscription import CallError

LONGEST_URL = 2000
# Below them stand services that were never meant for HTTP.
_PORTS = (80, 443)
_FIRST_PORT = 1024
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252})", re.ASCII)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# What `is_global` takes for public, and leads back inside all the same: translated and tunnelled IPv4, what a
# network keeps to itself, what answers machines of a cloud about themselves (the last one, of Azure).
_DENIED = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
        "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        "168.63.129.16/32",
    )
]  # fmt: skip


@dataclass(frozen=True)
class Allowed:
    """What the settings allow beyond https to public addresses."""

    http: bool = False
    loopback: bool = False


class Refused(ValueError):
    """A URL that is not called; the message says why, in no word of the URL."""

    def __init__(self, error: CallError, message: str) -> None:
        super().__init__(message)
        self.error = error


def parse(url: str, allowed: Allowed) -> httpx.URL:
    """The URL, read as it will be called; raises Refused."""
    try:
        if len(url) > LONGEST_URL:
            raise ValueError
        parsed, authority = httpx.URL(url), urlsplit(url).netloc
    except (httpx.InvalidURL, ValueError):
        raise Refused("url", f"not a URL of at most {LONGEST_URL} characters") from None
    if parsed.scheme != "https" and not (allowed.http and parsed.scheme == "http"):
        raise Refused("url", "must begin with https://")
    # The user of a URL that looks like a host is the oldest trick of all; a password would be in the log.
    if parsed.userinfo or "@" in authority:
        raise Refused("url", "must name no user and no password")
    if "#" in url:
        raise Refused("url", "must have no fragment")
    host = parsed.raw_host.decode()
    if not (_literal(host) or (_HOST.fullmatch(host) and ".." not in host)):
        raise Refused("url", "must name a host, as letters, digits, dots and hyphens, or an address")
    port = port_of(parsed)
    if port not in _PORTS and not _FIRST_PORT <= port <= 65535:
        raise Refused("url", f"must name no port but 80, 443, and those from {_FIRST_PORT}")
    return parsed


def port_of(url: httpx.URL) -> int:
    """The port, which goes without saying for most."""
    return (443 if url.scheme == "https" else 80) if url.port is None else url.port


def resolve(url: httpx.URL, allowed: Allowed) -> list[str]:
    """The addresses that its host has now, all of them allowed; raises Refused. It waits for the network."""
    host = url.raw_host.decode()
    try:
        found = socket.getaddrinfo(host, port_of(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("name", "its host has no address") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    # One that is refused refuses all: which of them is called must not decide.
    if not addresses or not all(_may(address, allowed) for address in addresses):
        raise Refused("address", "its host leads to an address that is not public")
    return addresses


def _may(written: str, allowed: Allowed) -> bool:
    address = _literal(written)
    if address is None:
        return False
    if address.is_loopback and getattr(address, "ipv4_mapped", None) is None:
        return allowed.loopback
    return address.is_global and not any(
        address in network for network in _DENIED if network.version == address.version
    )


def _literal(host: str) -> Address | None:
    """An address in its usual form; a zone (`fe80::1%eth0`) is none that leads out of here."""
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None
