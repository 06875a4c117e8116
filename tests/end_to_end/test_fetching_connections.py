"""What travels over a connection: proxies and their tunnels, connections kept alive, headers as servers write them."""

import base64
import contextlib
import hashlib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from images import FetchFailure, Picture, Store, read_pictures
from tests.end_to_end.fetching_servers import Answer, Request, certificate, local_settings, picture, serving


def shop(request: Request) -> Answer:
    return Answer(picture(len(request.path)))


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_https_goes_through_a_tunnel_of_the_proxy(scheme: str, tmp_path: Path) -> None:
    """The proxy hears host, port and password, and nothing of what is asked for; the site's certificate is checked."""
    asked: list[tuple[str, str]] = []

    def proxy(request: Request) -> None:
        asked.append((request.path, request.headers["proxy-authorization"]))
        with socket.create_connection(("127.0.0.1", int(request.path.rpartition(":")[2]))) as site:
            request.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(site, request.connection))
            back.start()
            pump(request.connection, site)
            back.join(5)

    context, bundle = certificate(tmp_path, "shop.test", "proxy.test", "127.0.0.1")
    outer, _ = certificate(tmp_path, "other.test", days=3)
    with (
        serving(proxy, tls=context if scheme == "https" else None) as server,
        serving(shop, tls=context) as site,
        serving(shop, tls=outer) as other,
        Store(tmp_path / "store") as store,
    ):
        settings = local_settings(proxy=f"{scheme}://ann:s%40cret@proxy.test:{server.port}", ca_bundle=bundle)
        url, strange = f"https://shop.test:{site.port}/1.jpg", f"https://other.test:{other.port}/1.jpg"
        results = read_pictures([url, strange], settings, store)
    assert isinstance(results[url], Picture)
    failed = results[strange]
    assert isinstance(failed, FetchFailure)
    assert failed.status == "tls_failed"
    password = "Basic " + base64.b64encode(b"ann:s@cret").decode()
    assert set(asked) == {(f"shop.test:{site.port}", password), (f"other.test:{other.port}", password)}


def test_plain_http_is_asked_of_the_proxy_with_its_password(tmp_path: Path) -> None:
    asked: list[tuple[str, str, str]] = []

    def proxy(request: Request) -> Answer:
        asked.append((request.path, request.headers["host"], request.headers["proxy-authorization"]))
        return Answer(picture(1))

    with serving(proxy) as server, Store(tmp_path / "store") as store:
        url = "http://shop.test/a%20b.jpg?c=d"
        read_pictures([url], local_settings(proxy=f"ann:secret@proxy.test:{server.port}"), store)
    assert asked == [(url, "shop.test", "Basic " + base64.b64encode(b"ann:secret").decode())]


def test_a_connection_is_kept_for_the_next_rows_of_its_host(tmp_path: Path) -> None:
    """As long as its server lets it live, and never one whose answer was not read to its end."""

    def fussy(request: Request) -> Answer:
        if request.path.endswith("bye.jpg"):
            return Answer(picture(2), headers={"Connection": "close"})
        if request.path.endswith("page"):
            return Answer(b"<!doctype html>" + b" " * 200_000)
        return Answer(picture(len(request.path)), status=404 if request.path.endswith("gone") else 200)

    with serving(fussy) as server, Store(tmp_path / "store") as store:
        site = f"http://shop.test:{server.port}"
        settings = local_settings(per_host=1)
        kept = [f"{site}/{'x' * n}.jpg" for n in range(1, 9)]
        assert all(isinstance(result, Picture) for result in read_pictures(kept, settings, store).values())
        assert server.connections == 1
        mixed = [f"{site}/bye.jpg", f"{site}/page", f"{site}/12345.jpg", f"{site}/123456.jpg"]
        results = read_pictures(mixed, settings, store)
        assert server.connections == 4
    assert [isinstance(results[url], Picture) for url in mixed] == [True, False, True, True]


def test_headers_are_read_as_servers_write_them(tmp_path: Path) -> None:
    """Several of one name are one list; a value over two lines is one value, and goes back to the server as one."""
    seen: list[str] = []

    def wordy(request: Request) -> Answer | None:
        seen.append(request.headers.get("if-none-match", ""))
        body = picture(len(request.path))
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}"]
        lines += (
            ["X-Robots-Tag: noarchive", "X-Robots-Tag: noai"] if request.path == "/no" else ['ETag: "a', ' b"', "Odd"]
        )
        request.connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return None

    with serving(wordy) as server, Store(tmp_path / "store") as store:
        yes, no = (f"http://shop.test:{server.port}/{path}" for path in ("yes", "no"))
        results = read_pictures([yes, no], local_settings(), store)
        read_pictures([yes], local_settings(refresh=True), store)
    refused = results[no]
    assert isinstance(refused, FetchFailure)
    assert (refused.status, isinstance(results[yes], Picture)) == ("opted_out", True)
    assert seen[-1] == '"a b"'


@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_that_its_server_closes_at_the_next_request_costs_no_attempt(
    tmp_path: Path, *, secure: bool
) -> None:
    """Servers end connections kept alive whenever they like, also when the next request is on its way."""
    served: list[socket.socket] = []

    def once(request: Request) -> Answer | None:
        if request.connection in served:
            return None
        served.append(request.connection)
        return Answer(picture(len(request.path)))

    tls, bundle = certificate(tmp_path, "shop.test") if secure else (None, None)
    with serving(once, tls=tls) as server, Store(tmp_path / "store") as store:
        urls = [f"http{'s' * secure}://shop.test:{server.port}/{'x' * n}.jpg" for n in range(6)]
        results = read_pictures(urls, local_settings(per_host=1, attempts=1, ca_bundle=bundle), store)
    assert [isinstance(results[url], Picture) for url in urls] == [True] * 6


@pytest.mark.parametrize("secure", [False, True])
def test_what_follows_an_answer_is_not_taken_for_the_next_one(tmp_path: Path, *, secure: bool) -> None:
    """Not even where TLS has unpacked it already, so that nothing is left to be read from the socket."""

    def generous(request: Request) -> Answer:
        body = picture(len(request.path))
        if request.path != "/first.jpg":
            return Answer(body)
        # Longer than what is read ahead, and no longer than one record of TLS.
        more = b"HTTP/1.1 200 OK\r\nContent-Length: 11000\r\n\r\n" + b"x" * 11_000
        return Answer(body + more, headers={"Content-Length": str(len(body))})

    tls, bundle = certificate(tmp_path, "shop.test") if secure else (None, None)
    with serving(generous, tls=tls) as server, Store(tmp_path / "store") as store:
        urls = [f"http{'s' * secure}://shop.test:{server.port}/{name}.jpg" for name in ("first", "the-next")]
        results = read_pictures(urls, local_settings(per_host=1, attempts=1, ca_bundle=bundle), store)
        assert server.connections == 2
    assert [getattr(results[url], "sha256", "") for url in urls] == [
        hashlib.sha256(picture(len(f"/{name}.jpg"))).hexdigest() for name in ("first", "the-next")
    ]


def test_early_hints_are_passed_over(tmp_path: Path) -> None:
    """A 103 comes before the answer; and after a 101, which nobody asked for, the connection is not used again."""

    def hasty(request: Request) -> Answer | None:
        if request.path.startswith("/101"):
            return Answer(status=101)
        request.connection.sendall(b"HTTP/1.1 102 -\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        time.sleep(0.05)
        return Answer(picture(len(request.path)))

    with serving(hasty) as server, Store(tmp_path / "store") as store:
        urls = [f"http://shop.test:{server.port}/{name}.jpg" for name in ("101", "a", "bb")]
        results = read_pictures(urls, local_settings(per_host=1, attempts=1), store)
        assert server.connections == 2
    assert [isinstance(results[url], Picture) for url in urls] == [False, True, True]


def test_a_digit_that_is_no_number_costs_nothing(tmp_path: Path) -> None:
    """The raised two of Latin-1 is a digit to `str.isdigit`, and no number."""

    def raised(request: Request) -> Answer | None:
        body = picture(1)
        status, name = ("200 OK", "Content-Length") if request.path == "/a.jpg" else ("503 -", "Retry-After")
        request.connection.sendall(f"HTTP/1.1 {status}\r\n{name}: \xb2\r\n\r\n".encode("latin-1") + body)
        return None

    with serving(raised) as server, Store(tmp_path / "store") as store:
        urls = [f"http://shop.test:{server.port}/{name}.jpg" for name in "ab"]
        results = read_pictures(urls, local_settings(attempts=1), store)
    assert [getattr(results[url], "status", "ok") for url in urls] == ["ok", "http_error"]


_FEW_FILES = """
import resource, sys
from pathlib import Path
from images import Picture, Store, read_pictures
from tests.end_to_end.fetching_servers import local_settings

resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
urls = [f"http://h{i}.test:{sys.argv[1]}/{i}.jpg" for i in range(100)]
with Store(Path(sys.argv[2])) as store:
    results = read_pictures(urls, local_settings(attempts=1), store)
print(sum(isinstance(result, Picture) for result in results.values()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no setrlimit, and no limit of sockets to raise")
def test_a_low_limit_of_open_files_is_raised(tmp_path: Path) -> None:
    """macOS lets a program begin with 256; connections in use and kept alive hold two each."""
    with serving(shop) as server:
        command = [sys.executable, "-c", _FEW_FILES, str(server.port), str(tmp_path / "store")]
        told = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["100"]
