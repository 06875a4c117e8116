"""Pictures that are damaged, bombs or worse, and decoders that die: each costs its own row at most."""

import io
import os
import queue
import random
import signal
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from images import Picture, Store, read_pictures
from images.decode import Decoded
from images.messages import Task
from images.results import Problem
from images.workers import Workers
from tests.end_to_end.fetching_servers import Answer, Request, local_settings, picture, serving

STRESS = os.environ.get("CURATION_STRESS") == "1"
MUTANTS = 5000
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF")
SIDE = 7000 if STRESS else 4000
LINUX = sys.platform == "linux"


def decode_all(sources: Sequence[bytes], *, seconds: float = 10.0) -> tuple[list[Decoded | Problem], float, set[int]]:
    """Decode in real worker processes; return the answers, the most memory one had (MB), and children of theirs."""
    answers: queue.SimpleQueue[tuple[int, Decoded | Problem]] = queue.SimpleQueue()
    broken: list[Exception] = []
    peak, grandchildren = 0.0, set()
    with Workers(2, seconds, broken.append) as workers:
        for number, source in enumerate(sources):
            workers.submit(Task(source, 50_000_000, False), _numbered(number, answers))
        results: dict[int, Decoded | Problem] = {}
        while len(results) < len(sources):
            number, result = answers.get(timeout=120)
            results[number] = result
            if LINUX and number % 10 == 0:
                for pid in workers.pids():
                    peak = max(peak, peak_of(pid))
                    grandchildren |= set(children_of(pid))
    assert broken == []
    return [results[number] for number in range(len(sources))], peak, grandchildren


def _numbered(
    number: int, answers: queue.SimpleQueue[tuple[int, Decoded | Problem]]
) -> Callable[[Decoded | Problem], None]:
    return lambda result: answers.put((number, result))


def peak_of(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def mutants(count: int) -> Iterator[bytes]:
    """Damage pictures of each kind, the same way in each run: bytes changed, blocks moved, ends cut, heads mixed."""
    rng = random.Random(4)  # noqa: S311  (the same mutants in each run)
    originals = [real(kind, n) for n, kind in enumerate(KINDS)]
    for number in range(count):
        data = bytearray(originals[number % len(originals)])
        for _ in range(rng.choice((1, 2, 8, 40))):
            at = rng.randrange(len(data) or 1)
            if not data:
                break
            match rng.randrange(6):
                case 0:
                    data[at] = rng.randrange(256)
                case 1:
                    data[at] ^= 1 << rng.randrange(8)
                case 2:
                    data[at : at + 4] = rng.choice(
                        (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\xff\xff")
                    )
                case 3:
                    del data[at : at + rng.randrange(1, 60)]
                case 4:
                    data[at:at] = data[: rng.randrange(1, 200)]
                case 5 if at > 40:
                    del data[at:]
        yield bytes(data)


def real(kind: str, number: int) -> bytes:
    """Return a picture of a kind: a photograph where the shared ones are at hand, else a made one."""
    photographs = sorted((Path(__file__).parents[3] / "shared/data/near-duplicates/photos").glob("*.jpg"))
    if not photographs:
        return picture(number, kind=kind, size=(160, 120))
    with Image.open(photographs[number % len(photographs)]) as photograph:
        buffer = io.BytesIO()
        photograph.convert("RGB").resize((240, 180)).save(buffer, kind)
    return buffer.getvalue()


def test_damaged_pictures_of_every_kind_are_values() -> None:
    """No crash, no hang, no child process, memory bounded."""
    start = time.monotonic()
    results, peak, grandchildren = decode_all(list(mutants(MUTANTS)))
    verdicts = Counter("ok" if isinstance(result, Decoded) else result.status for result in results)
    seconds = time.monotonic() - start
    print(f"{len(results)} mutants in {seconds:.0f} s: {dict(verdicts)}; a worker had {peak:.0f} MB at most")
    assert verdicts["decoder_crashed"] == 0
    assert verdicts["broken_picture"] > MUTANTS // 10
    assert set(verdicts) <= {"ok", "broken_picture", "not_an_image", "unsupported_format", "too_many_pixels"}
    assert grandchildren == set()
    assert peak < 700


def png(width: int, height: int, *, rows: bytes = b"", mode: int = 2, depth: int = 8) -> bytes:
    """Write a PNG by hand, so that its header may say what it likes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, depth, mode, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def bombs() -> dict[str, tuple[bytes, set[str]]]:
    """Return small files that ask for much, and what may come of them."""
    buffer = io.BytesIO()
    Image.new("1", (12000, 12000)).save(buffer, "TIFF", compression="group4")
    icon = png(30000, 30000)
    directory = struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(icon), 22)
    bmp = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 2**20, 2**20, 1, 24, 0, 0, 0, 0, 0, 0)
    gif = (
        b"GIF89a"
        + struct.pack("<HH", 65535, 65535)
        + b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;"
    )
    text = zlib.compress(b"\0" * 64_000_000, 9)
    chunk = b"zTXtbomb\0\0" + text
    ztxt = png(4, 4, rows=b"\0" + b"\0" * 12)
    ztxt = ztxt[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + ztxt[33:]
    return {
        "png 60000x60000": (png(60000, 60000), {"too_many_pixels"}),
        "png 8000x8000": (png(8000, 8000), {"too_many_pixels"}),
        "png without rows": (png(7000, 7000), {"broken_picture"}),
        "png rgba as large as is allowed": (png(SIDE, SIDE, rows=b"\0" * (SIDE * 4 + 1) * SIDE, mode=6), {"ok"}),
        "png 16 bit, as large": (png(SIDE, SIDE, rows=b"\0" * (SIDE * 2 + 1) * SIDE, mode=0, depth=16), {"ok"}),
        "png with a text of 64 MB": (ztxt, {"broken_picture", "ok"}),
        "tiff 12000x12000": (buffer.getvalue(), {"too_many_pixels"}),
        "icon with a png of 30000x30000": (directory + icon, {"too_many_pixels", "broken_picture"}),
        "bmp 1048576x1048576": (bmp, {"too_many_pixels", "broken_picture"}),
        "gif 65535x65535": (gif, {"too_many_pixels"}),
        "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) (w) file\n", {"unsupported_format"}),
        "eps": (b"\xc5\xd0\xd3\xc6" + b"\0" * 60, {"unsupported_format"}),
        "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///x'/></svg>", {"unsupported_format"}),
        "jpeg 65500x65500": (jpeg_with_size(65500, 65500), {"too_many_pixels"}),
    }  # fmt: skip


def jpeg_with_size(width: int, height: int) -> bytes:
    data = bytearray(picture(1))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def test_bombs_cost_a_row_and_little_memory() -> None:
    cases = bombs()
    results, peak, grandchildren = decode_all([data for data, _ in cases.values()])
    statuses = [{"ok"} if isinstance(r, Decoded) else {r.status} for r in results]
    wrong = {name: s for (name, (_, allowed)), s in zip(cases.items(), statuses, strict=True) if not s <= allowed}
    print(f"{len(cases)} bombs; a worker had {peak:.0f} MB at most")
    assert wrong == {}
    assert grandchildren == set()
    assert peak < 1300


def pids() -> list[int]:
    """Return the decoder processes of this process."""
    return [pid for pid in children_of(os.getpid()) if b"decoder_process" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.skipif(not LINUX, reason="finds the decoder processes in /proc, which this system does not have")
def test_decoders_killed_twenty_times_lose_no_row(tmp_path: Path) -> None:
    count, kills = (600, 20) if STRESS else (120, 6)
    done, killed = threading.Event(), list[int]()

    def kill() -> None:
        rng = random.Random(1)  # noqa: S311  (no secret)
        while len(killed) < kills and not done.is_set():
            time.sleep(rng.uniform(0.02, 0.4))
            if running := pids():
                victim = rng.choice(running)
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

    def serve(request: Request) -> Answer:
        return Answer(picture(int(request.path.strip("/")), size=(640, 480)), delay=0.1)

    with serving(serve) as server, Store(tmp_path) as store:
        urls = [f"http://h{n % 12}.test:{server.port}/{n}" for n in range(count)]
        thread = threading.Thread(target=kill)
        thread.start()
        results = read_pictures(urls, local_settings(), store)
        done.set()
        thread.join()
    print(f"{len(killed)} decoders killed, {sum(isinstance(r, Picture) for r in results.values())} of {count} rows ok")
    assert all(isinstance(result, Picture) for result in results.values())
    assert len(killed) >= kills // 2
    assert pids() == []


def test_a_picture_that_hangs_its_decoder_costs_its_row_only() -> None:
    """A time limit that nothing can meet stands for a decoder that hangs."""
    slow = png(5000, 5000, rows=b"\0" * (5000 * 4 + 1) * 5000, mode=6)
    results, _, _ = decode_all([slow, picture(1)], seconds=0.25)
    assert isinstance(results[0], Problem)
    assert results[0] == Problem("decoder_crashed", "Decoding the picture took more time than is allowed.")
    assert isinstance(results[1], Decoded)
