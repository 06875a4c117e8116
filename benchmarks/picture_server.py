"""A loopback server of pictures with a latency, in a process of its own: the web as search engines know it.

Every host name under `pictures.test` is certified; number N of `/N.jpg` decides which picture it is and how
long it takes, so that every client meets the same web.
"""

import asyncio
import datetime
import io
import random
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import certifi
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image

_DISTINCT: Final = 64
"""So many pictures are drawn; a number behind the end of the file makes the bytes of each address its own."""


@dataclass(frozen=True)
class Addresses:
    """Where a running server is: its ports and the certificate that clients must trust."""

    https: int
    http: int
    certificate: Path

    @property
    def bundle(self) -> Path:
        """The usual authorities and ours in one file, as a client that asks for nothing special loads them."""
        path = self.certificate.with_name("bundle.pem")
        if not path.exists():
            path.write_bytes(Path(certifi.where()).read_bytes() + self.certificate.read_bytes())
        return path

    def urls(self, count: int, *, one_host: bool = False, first: int = 0) -> list[str]:
        """Return addresses of pictures: each on a host of its own over TLS, or all on one over plain HTTP."""
        if one_host:
            return [f"http://one.pictures.test:{self.http}/{n}.jpg" for n in range(first, first + count)]
        return [f"https://p{n}.pictures.test:{self.https}/{n}.jpg" for n in range(first, first + count)]


@contextmanager
def serving(folder: Path, *, slowest: float = 0.2) -> Iterator[Addresses]:
    """Run the server in a process until the end of the `with` block; answers take 50 ms to `slowest` seconds."""
    certificate = make_certificate(folder)
    command = [sys.executable, str(Path(__file__).resolve()), str(certificate), str(slowest)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101  (asked for one line above)
            https, http = map(int, process.stdout.readline().split())
            yield Addresses(https, http, certificate)
        finally:
            process.terminate()


def make_certificate(folder: Path) -> Path:
    """Write a fresh certificate for *.pictures.test with its key into one file and return it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pictures.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.pictures.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "pictures-test.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def draw(number: int) -> bytes:
    """Draw a picture of about 106 KB that compresses like a photograph: noise of several sizes."""
    rng = np.random.default_rng(number)
    width, height = 800, 600
    canvas = np.zeros((height, width, 3))
    for side, strength in ((3, 120), (9, 80), (40, 50), (150, 24), (400, 8)):
        grid = rng.normal(0, strength, (side, side, 3)).clip(-127, 127) + 128
        layer = Image.fromarray(grid.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
        canvas += np.asarray(layer, float) - 128
    buffer = io.BytesIO()
    Image.fromarray((canvas + 128).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


async def _serve(certificate: Path, slowest: float) -> None:
    pictures = [draw(number) for number in range(_DISTINCT)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                number = int(request.split(b" ", 2)[1].strip(b"/").split(b".")[0])
                await asyncio.sleep(random.Random(number).uniform(0.05, slowest))
                body = pictures[number % _DISTINCT] + b"%08d" % number
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body))
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    https = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=512)
    http = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    print(https.sockets[0].getsockname()[1], http.sockets[0].getsockname()[1], flush=True)
    # ends with its parent: stdin is a pipe that the parent holds open
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), float(sys.argv[2])))
