"""What travels over a connection: proxies and their tunnels, connections kept alive, headers as servers write them."""

import base64
import contextlib
import socket
import threading
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
