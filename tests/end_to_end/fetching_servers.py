"""Loopback servers for the tests of fetching: some serve pictures, some do to a client what they can."""

import datetime
import io
import itertools
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image

from images import Settings

LOOPBACK = (ip_network("127.0.0.0/8"),)


def here(_: str) -> list[IPv4Address]:
    """Resolve every name to this machine."""
    return [IPv4Address("127.0.0.1")]


def local_settings(**options: object) -> Settings:
    """Return settings for servers on this machine, under any host name."""
    return Settings(**({"allow_private": LOOPBACK, "resolve": here} | options))  # type: ignore[arg-type]


def picture(number: int, *, kind: str = "JPEG", size: tuple[int, int] = (96, 64), mode: str = "RGB") -> bytes:
    """Make a picture with some structure, another one for each number."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    coarse.convert(mode).save(buffer, kind)
    return buffer.getvalue()


@dataclass(frozen=True)
class Answer:
    """A plain HTTP answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class Request:
    """What a client asked: its path, its headers in lower case, and the open connection."""

    path: str
    headers: dict[str, str]
    connection: socket.socket


Handler = Callable[[Request], Answer | None]
"""Returns an answer, or None when it has done to the connection what it wanted (it is then closed)."""


@dataclass
class Server:
    """A running server; `log` has every path that was asked for, `connections` counts who came."""

    port: int
    log: list[str] = field(default_factory=list)
    connections: int = 0
    busiest: int = 0
    open: int = 0


@contextmanager
def serving(
    handler: Handler, *, tls: ssl.SSLContext | None = None, raw: bool = False, host: str = "127.0.0.1"
) -> Iterator[Server]:
    """Serve on loopback until the end of the `with` block; `raw` hands over connections without reading anything."""
    listener = socket.create_server((host, 0), backlog=256)
    server = Server(listener.getsockname()[1])
    stopped = threading.Event()
    lock = threading.Lock()
    alive: set[socket.socket] = set()

    def converse(connection: socket.socket) -> None:
        with lock:
            alive.add(connection)
            server.connections += 1
            server.open += 1
            server.busiest = max(server.busiest, server.open)
        with suppress(OSError, ssl.SSLError, ValueError):
            if raw:
                handler(Request("", {}, connection))
            else:
                _converse(tls.wrap_socket(connection, server_side=True) if tls else connection, handler, server)
        with lock:
            server.open -= 1
            alive.discard(connection)
        with suppress(OSError):
            connection.close()

    def accept() -> None:
        while not stopped.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        stopped.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with lock:
            for connection in alive:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _converse(connection: socket.socket, handler: Handler, server: Server) -> None:
    with connection, connection.makefile("rb") as reader:
        while line := reader.readline():
            path = line.split()[1].decode("latin-1")
            headers = {}
            while (header := reader.readline()) not in {b"\r\n", b""}:
                name, _, value = header.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            server.log.append(path)
            answer = handler(Request(path, headers, connection))
            if answer is None:
                return
            time.sleep(answer.delay)
            head = [f"HTTP/1.1 {answer.status} -", *(f"{k}: {v}" for k, v in answer.headers.items())]
            if "Content-Length" not in answer.headers:
                head.append(f"Content-Length: {len(answer.body)}")
            connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body)


def certificate(folder: Path, *names: str, days: int = 2) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context for these host names, and the file by which clients may trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{names[0].strip('*.')}-{days}.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path


def _send(request: Request, *parts: bytes, pause: float = 0.0) -> None:
    for part in parts:
        request.connection.sendall(part)
        time.sleep(pause)


def _forever(request: Request, part: bytes, pause: float = 0.0) -> None:
    while True:
        _send(request, part, pause=pause)


_OK = b"HTTP/1.1 200 OK\r\n"
_JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 5000


def silence(request: Request) -> None:
    """Never answer."""
    request.connection.recv(1)


def drip_of_headers(request: Request) -> None:
    """Answer a byte of a header now and then."""
    _send(request, _OK, b"X-Wait: ")
    _forever(request, b"x", 0.1)


def drip_of_body(request: Request) -> None:
    """Promise a picture and send a byte of it now and then."""
    _send(request, _OK, b"Content-Length: 100000\r\n\r\n", _JPEG)
    _forever(request, b"\0", 0.1)


def drip_without_length(request: Request) -> None:
    """Do the same without saying how much is to come."""
    _send(request, _OK, b"Connection: close\r\n\r\n", _JPEG)
    _forever(request, b"\0", 0.1)


def drip_of_chunks(request: Request) -> None:
    """Send the length of a chunk digit by digit."""
    _send(request, _OK, b"Transfer-Encoding: chunked\r\n\r\n", b"1388\r\n" + _JPEG[:5000] + b"\r\n")
    _forever(request, b"0", 0.1)


def drip_of_interim_answers(request: Request) -> None:
    """Say "100 Continue" for ever."""
    _forever(request, b"HTTP/1.1 100 Continue\r\n\r\n", 0.02)


def endless_body(request: Request) -> None:
    """Send a picture without an end."""
    _send(request, _OK, b"Content-Type: image/jpeg\r\n\r\n", _JPEG)
    _forever(request, b"\0" * 65536)


def endless_chunks(request: Request) -> None:
    """Send chunks without an end."""
    _send(request, _OK, b"Transfer-Encoding: chunked\r\n\r\n", b"1388\r\n" + _JPEG[:5000] + b"\r\n")
    _forever(request, b"10000\r\n" + b"\0" * 65536 + b"\r\n")


def endless_headers(request: Request) -> None:
    """Send headers without an end."""
    _send(request, _OK)
    for number in itertools.count():
        _send(request, b"X-%d: " % number + b"x" * 1000 + b"\r\n")


def endless_header_line(request: Request) -> None:
    """Send one header without an end."""
    _send(request, _OK, b"X: ")
    _forever(request, b"x" * 65536)


_PACKER = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
_BOMB = _PACKER.compress(_JPEG) + b"".join(_PACKER.compress(b"\0" * 2**20) for _ in range(50)) + _PACKER.flush()


def gzip_bomb(request: Request) -> None:
    """Send some 200 KB that unpack to 50 MB."""
    packed = _BOMB
    _send(request, _OK, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed)


def broken_off(request: Request) -> None:
    """Close the connection in the middle of the picture."""
    _send(request, _OK, b"Content-Length: 100000\r\n\r\n", _JPEG)


def reset(request: Request) -> None:
    """Break the connection without a word."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def nonsense(request: Request) -> None:
    """Answer in another protocol."""
    _send(request, b"220 mail.example ESMTP\r\n")


def bad_chunks(request: Request) -> None:
    """Send a chunk whose length is no number."""
    _send(request, _OK, b"Transfer-Encoding: chunked\r\n\r\n", b"zzz\r\n" + _JPEG)


def held_open(request: Request) -> None:
    """Send the whole picture less one byte, then wait."""
    _send(request, _OK, b"Content-Length: 5005\r\n\r\n", _JPEG)
    request.connection.recv(1)


def redirect_loop(_: Request) -> Answer:
    """Redirect to itself."""
    return Answer(status=302, headers={"Location": "/redirect_loop?again"})


def redirect_with_endless_body(request: Request) -> None:
    """Redirect with a body without an end."""
    _send(request, b"HTTP/1.1 302 Found\r\nLocation: /redirect_with_endless_body\r\n\r\n")
    _forever(request, b"x" * 65536)


HOSTILE: dict[str, tuple[Handler, set[str]]] = {
    silence.__name__: (silence, {"timed_out"}),
    drip_of_headers.__name__: (drip_of_headers, {"timed_out"}),
    drip_of_body.__name__: (drip_of_body, {"timed_out"}),
    drip_without_length.__name__: (drip_without_length, {"timed_out"}),
    drip_of_chunks.__name__: (drip_of_chunks, {"timed_out"}),
    drip_of_interim_answers.__name__: (drip_of_interim_answers, {"timed_out", "http_error"}),
    endless_body.__name__: (endless_body, {"too_large", "timed_out"}),
    endless_chunks.__name__: (endless_chunks, {"too_large", "timed_out"}),
    endless_headers.__name__: (endless_headers, {"http_error"}),
    endless_header_line.__name__: (endless_header_line, {"http_error"}),
    gzip_bomb.__name__: (gzip_bomb, {"too_large"}),
    broken_off.__name__: (broken_off, {"connect_failed"}),
    reset.__name__: (reset, {"connect_failed"}),
    nonsense.__name__: (nonsense, {"http_error"}),
    bad_chunks.__name__: (bad_chunks, {"connect_failed", "http_error"}),
    held_open.__name__: (held_open, {"timed_out"}),
    redirect_loop.__name__: (redirect_loop, {"too_many_redirects"}),
    redirect_with_endless_body.__name__: (redirect_with_endless_body, {"too_many_redirects"}),
}
"""What servers do to clients, by path, and the statuses that may come of it."""


def hostile(request: Request) -> Answer | None:
    """Do what the path names."""
    return HOSTILE[request.path.strip("/").split("?")[0]][0](request)


def drip_of_tls(request: Request) -> None:
    """Begin a TLS handshake and never come to its end."""
    request.connection.recv(1)
    _send(request, b"\x16\x03\x03\x40\x00")
    _forever(request, b"\2", 0.1)


def address(text: str) -> IPv4Address:
    """Return an IPv4 address."""
    found = ip_address(text)
    assert isinstance(found, IPv4Address)
    return found
