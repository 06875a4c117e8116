"""No byte goes to an address that is not public unless it was allowed: a recorder sees every connection."""

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import quote

import pytest

from images import FetchFailure, Picture, Settings, Store, read_pictures
from images.guard import Address
from tests.end_to_end.fetching_servers import Answer, Request, picture, serving

RECORDED: list[tuple[str, object]] = []
RECORDING = [False]


def _record(event: str, arguments: tuple[object, ...]) -> None:
    if RECORDING[0] and event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        RECORDED.append((event, arguments[1]))


sys.addaudithook(_record)


@contextmanager
def recorder() -> Iterator[list[tuple[str, object]]]:
    """Record each connection that this process begins, from whatever library, in Python's own audit trail."""
    RECORDED.clear()
    RECORDING[0] = True
    try:
        yield RECORDED
    finally:
        RECORDING[0] = False


NAMES: dict[str, list[str]] = {
    "private.test": ["10.1.2.3"],
    "loopback.test": ["127.0.0.1"],
    "mixed.test": ["93.184.215.14", "127.0.0.1"],
    "mixed6.test": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::1"],
    "metadata.test": ["169.254.169.254"],
    "six.test": ["fd00:ec2::254"],
    "mapped.test": ["::ffff:10.0.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "xn--bcher-kva.test": ["192.168.1.1"],
}


def resolve(host: str) -> Sequence[Address]:
    """Know the names above and every spelling of numbers that the system knows; ask nobody."""
    if host in NAMES:
        return [ip_address(text) for text in NAMES[host]]
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [ip_address(str(entry[4][0])) for entry in found]


LOOPBACK_SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "017700000001",
    "127.000.000.001", "0x7F.0x0.0x0.0x1", "127.0.0.1.", "127.255.255.254", "localhost", "LOCALHOST", "localhost.",
    "ip6-localhost", "0", "0.0.0.0",  # noqa: S104  (an attack, not a listener)
    "0x0", "00.00.00.00", "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[::ffff:0:127.0.0.1]", "loopback.test",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1.254", "100.64.0.1",
    "169.254.169.254", "169.254.170.2", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.16689662",
    "168.63.129.16", "192.0.0.192", "192.0.0.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "192.0.2.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0.1.2.3",
    "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]",
    "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[2001:10::1]", "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "private.test", "mixed.test", "mixed6.test", "metadata.test",
    "six.test", "mapped.test", "nat64.test", "bücher.test", "BÜCHER.test",
]  # fmt: skip
CONFUSED = [
    "http://93.184.215.14@127.0.0.1/", "http://93.184.215.14:80@127.0.0.1/", "http://user:pass@127.0.0.1/",
    "http://127.0.0.1\\@127.0.0.1/", "http://example.test\\@127.0.0.1/", "http://127.0.0.1:80\\@example.test/",
    "http://127.0.0.1#@example.test/", "http://127.0.0.1?@example.test/", "http://127.0.0.1 @example.test/",
    "http:127.0.0.1/", "http:/127.0.0.1/", "http:////127.0.0.1/", "http:\\\\127.0.0.1/", "http:///127.0.0.1/",
    "//127.0.0.1/", "127.0.0.1/cat.jpg", "localhost:8000/cat.jpg", "ht\ntp://127.0.0.1/", "http://127.0\t.0.1/",
    " http://127.0.0.1/ ", '"http://127.0.0.1/"', "<http://127.0.0.1/>", "HTTP://127.0.0.1/", "http://@127.0.0.1/",
    "http://a@b@127.0.0.1/", "http://127.0.0.1:00080/", "http://[::1]:80/", "http://[::ffff:127.0.0.1]:8080/",
    "http://127.0.0.1:22/", "http://93.184.215.14:22/", "http://93.184.215.14:6379/", "https://93.184.215.14:25/",
    "http://93.184.215.14:65536/", "http://93.184.215.14:0/", "http://93.184.215.14:-1/", "http://[::1/", "http://::1/",
    "http://1.1.1.1 &@127.0.0.1# @10.0.0.1/", "http://127.0.0.1%00.example.test/", "http://127.0.0.1%0d%0aHost:x/",
    "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_INFO", "file:///etc/passwd", "file://127.0.0.1/etc/passwd",
    "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "ws://127.0.0.1/", "unix:///var/run/docker.sock", "jar:http://127.0.0.1!/",
    "view-source:http://127.0.0.1/", "javascript:fetch('http://127.0.0.1')", "blob:http://127.0.0.1/1", "/etc/passwd",
    "\\\\127.0.0.1\\share\\a.jpg", "http+unix://%2fvar%2frun%2fdocker.sock/", "urn:127.0.0.1", "smb://127.0.0.1/a.jpg",
]  # fmt: skip
ATTACKS = [f"http://{host}/latest/meta-data/" for host in (*LOOPBACK_SPELLINGS, *PRIVATE)] + CONFUSED
REFUSED = {"refused_address", "refused_path", "not_a_url", "dns_failed"}


def status(result: Picture | FetchFailure) -> str:
    return "ok" if isinstance(result, Picture) else result.status


def test_no_attack_opens_a_connection(tmp_path: Path) -> None:
    with Store(tmp_path) as store, recorder() as connections:
        results = read_pictures(ATTACKS, Settings(resolve=resolve, attempts=2), store)
    print(f"{len(ATTACKS)} addresses, {len(connections)} connections")
    assert len(set(ATTACKS)) >= 120
    assert {url: status(r) for url, r in results.items() if status(r) not in REFUSED} == {}
    assert connections == []


def test_no_redirect_leads_where_the_address_itself_may_not(tmp_path: Path) -> None:
    targets = [url for url in ATTACKS if "\n" not in url and "\t" not in url]

    def redirecting(request: Request) -> Answer:
        location = targets[int(request.path.strip("/"))]
        return Answer(status=302, headers={"Location": location.encode().decode("latin-1")})

    if sys.platform == "darwin":
        pytest.skip("macOS has no loopback addresses beside 127.0.0.1")
    with serving(redirecting, host="127.0.0.9") as server, Store(tmp_path) as store, recorder() as connections:
        urls = [f"http://127.0.0.9:{server.port}/{n}" for n in range(len(targets))]
        settings = Settings(resolve=resolve, allow_private=(ip_network("127.0.0.9/32"),), attempts=1)
        results = read_pictures(urls, settings, store)
    # a location that begins with a slash, or has no scheme, is a path on the same server: it redirects on and on
    harmless = REFUSED | {"http_error", "too_many_redirects", "connect_failed"}
    assert {url: status(r) for url, r in results.items() if status(r) not in harmless} == {}
    assert {where for _, where in connections} == {("127.0.0.9", server.port)}


def test_a_name_that_changes_its_address_is_judged_at_each_connection(tmp_path: Path) -> None:
    """Rebinding: allowed at the first look-up, not at the second; the address that was judged is the one dialled."""
    answers = iter(["127.0.0.1"] + ["127.0.0.2"] * 10)
    asked = []

    def rebinding(host: str) -> Sequence[Address]:
        asked.append(host)
        return [ip_address(next(answers))]

    def moving(request: Request) -> Answer:
        if request.path == "/a":
            return Answer(status=302, headers={"Location": "/b", "Connection": "close"})
        return Answer(picture(1))

    with serving(moving) as server, Store(tmp_path) as store, recorder() as connections:
        url = f"http://rebind.test:{server.port}/a"
        settings = Settings(resolve=rebinding, allow_private=(ip_network("127.0.0.1/32"),), attempts=1)
        result = read_pictures([url], settings, store)[url]
    assert status(result) == "refused_address"
    assert len(asked) == 2
    assert connections == [("socket.connect", ("127.0.0.1", server.port))]


def test_what_is_allowed_is_reached_in_every_spelling(tmp_path: Path) -> None:
    with serving(lambda request: Answer(picture(len(request.path)))) as server, Store(tmp_path) as store:
        hosts = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "loopback.test",
            "１２７.０.０.１",
            "localhost.",
            "LOOPBACK.test",
        ]
        urls = [f"http://{host}:{server.port}/{'x' * n}" for n, host in enumerate(hosts)]
        settings = Settings(resolve=resolve, allow_private=(ip_network("127.0.0.0/8"),))
        results = read_pictures(urls, settings, store)
        outside = f"http://{quote('10.0.0.1')}/"
        refused = read_pictures([outside], settings, store)[outside]
    assert {url: status(result) for url, result in results.items()} == dict.fromkeys(urls, "ok")
    assert status(refused) == "refused_address"
