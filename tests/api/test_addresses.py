"""Where a call-back may go: the ways in which a URL leads inside, one by one."""

import socket
from typing import Any

import pytest

from api.subscriptions.addresses import Allowed, Refused, parse, resolve

ANYWHERE = Allowed(http=True, loopback=True)
PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
# Every spelling of an address that the resolver of some system takes.
LOOPBACK = (
    "127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "0",
    "localhost", "LOCALHOST", "localhost.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
)  # fmt: skip
INSIDE = (
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "169.254.169.254", "172.16.0.1", "192.0.0.192",
    "192.168.1.1", "192.88.99.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "0xa9fea9fe", "2852039166", "[::]", "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]",
    "[fec0::1]", "[ff02::1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:a00:1::]",
    "[2001:0:a00:1::]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[100::1]", "[::ffff:169.254.169.254]",
    "[::ffff:8.8.8.8]", "[::8.8.8.8]",
)  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK + INSIDE)
def test_no_spelling_of_an_address_inside_is_called(host: str) -> None:
    with pytest.raises(Refused) as refused:
        resolve(parse(f"https://{host}/hook", Allowed()), Allowed())
    assert refused.value.error in ("url", "name", "address")


@pytest.mark.parametrize("host", INSIDE)
def test_what_allows_loopback_allows_nothing_else(host: str) -> None:
    with pytest.raises(Refused):
        resolve(parse(f"http://{host}/hook", ANYWHERE), ANYWHERE)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "localhost", "[::1]"])
def test_loopback_is_called_where_a_setting_allows_it(host: str) -> None:
    addresses = resolve(parse(f"http://{host}:8080/hook", ANYWHERE), ANYWHERE)
    assert set(addresses) <= {"127.0.0.1", "::1"} and addresses


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert resolve(parse(f"https://{host}/hook", Allowed()), Allowed()) == [address]


@pytest.mark.parametrize(
    "url",
    [
        "http://news.example/hook", "HTTP://news.example/hook", "ftp://news.example/hook", "//news.example",
        "news.example/hook", "file:///etc/passwd", "https://", "https:///hook", "", "https://news..example/",
        "https://desk@news.example/", "https://desk:word@news.example/", "https://@news.example/",
        "https://news.example\\@localhost/", "https://news.example%2elocalhost/", "https://news example/",
        "https://news.example/\nhook", "https://news.example/#part", "https://news.example:0/",
        "https://news.example:22/", "https://news.example:65536/", "https://news.example:x/",
        "https://[::1/", "https://[fe80::1%25eth0]/", "https://\ud800.example/", "https://news.example/\ud800",
        "https://①②⑦.0.0.1/", "https://-news.example/", f"https://news.example/{'x' * 2000}",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_url_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(url, Allowed())
    assert refused.value.error == "url"


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example", "https://news.example/hook?of=desk", "https://news.example:8443/hook",
        "https://news.example:443/", "HTTPS://News.Example/", "https://münchen.example/", "https://a_b.example/",
        "https://news.example/%C3%A9",
    ],
)  # fmt: skip
def test_a_plain_https_url_is_taken(url: str) -> None:
    assert parse(url, Allowed()).scheme == "https"


def test_one_address_inside_refuses_all_that_a_name_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them would be called is chance."""

    def names(*addresses: str) -> None:
        found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    url = parse("https://news.example/hook", Allowed())
    names(*PUBLIC)
    assert resolve(url, Allowed()) == list(PUBLIC)
    for inside in ("10.0.0.1", "127.0.0.1", "fe80::1%eth0", "no address"):
        names(*PUBLIC, inside)
        with pytest.raises(Refused, match="not public"):
            resolve(url, Allowed())
    names()
    with pytest.raises(Refused):
        resolve(url, Allowed())


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(Refused, match="no address"):
        resolve(parse("https://nobody.invalid/hook", Allowed()), Allowed())
