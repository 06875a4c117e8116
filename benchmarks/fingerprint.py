"""Print how many pictures a second are fingerprinted, ours beside ImageHash as the original calls it, and exactness.

    python benchmarks/fingerprint.py [--seconds 2] [--exact 2000]

Times are of decoding and hashing in one go, CPU seconds of one thread and pictures a second of two. Ours includes
the thumbnails for verification, the colours, the quality flags and the digest, which ImageHash does not compute;
`hashes alone` leaves decoding and those out. Both run in a process that was started as a decoder process is.
"""

import argparse
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import near_duplicates as nd
from hashing import fingerprint
from hashing.algorithms import VOTERS, hashes_of, to_hex
from images.workers import ENVIRONMENT

SIZES = {"0.3 MP": (640, 480), "1 MP": (1155, 866), "4 MP": (2309, 1732), "12 MP": (4000, 3000)}
ORIGINAL = (imagehash.average_hash, imagehash.phash, imagehash.dhash)


def original(data: bytes) -> None:
    """Hash as the original program does: three calls, each with its own conversion and its own full-size resize."""
    picture = Image.open(io.BytesIO(data))
    for algorithm in ORIGINAL:
        algorithm(picture)


def ours(data: bytes) -> None:
    """Decode, and take the fingerprint."""
    picture = Image.open(io.BytesIO(data))
    fingerprint(picture if picture.mode in ("L", "RGB") else picture.convert("RGB"))


def ours_draft(data: bytes) -> None:
    """Decode a JPEG at reduced size, as `--fast-jpeg` does, and take the fingerprint."""
    picture = Image.open(io.BytesIO(data))
    picture.draft("RGB", (256, 256))
    fingerprint(picture)


def rate(work: Callable[[bytes], None], data: bytes, seconds: float, threads: int = 1) -> float:
    """Return pictures a second: of CPU for one thread, of the clock for several."""
    work(data)
    start_cpu, start, count = time.thread_time(), time.perf_counter(), 0
    if threads == 1:
        while time.perf_counter() - start < seconds:
            work(data)
            count += 1
        return count / (time.thread_time() - start_cpu)
    with ThreadPoolExecutor(threads) as pool:
        while time.perf_counter() - start < seconds:
            list(pool.map(work, [data] * 8))
            count += 8
    return count / (time.perf_counter() - start)


def speed(photo: Image.Image, seconds: float) -> None:
    """Print the table of speeds."""
    print(f"{'picture':<14}{'original':>10}{'ours':>10}{'ratio':>8}{'two threads':>13}{'draft JPEG':>12}   pictures/s")
    for name, size in SIZES.items():
        for extension in ("JPEG", "PNG", "WEBP") if name == "1 MP" else ("JPEG",):
            buffer = io.BytesIO()
            photo.resize(size, Image.Resampling.BICUBIC).save(buffer, extension, quality=90)
            data = buffer.getvalue()
            theirs, own = rate(original, data, seconds), rate(ours, data, seconds)
            draft = f"{rate(ours_draft, data, seconds):12.1f}" if extension == "JPEG" else f"{'':>12}"
            two = rate(ours, data, seconds, threads=2)
            print(
                f"{name + ' ' + extension:<14}{theirs:>10.1f}{own:>10.1f}{own / theirs:>8.2f}{two:>13.1f}{draft}",
                flush=True,
            )
    gray = photo.resize(SIZES["1 MP"]).convert("L")
    alone = [time_of(lambda: [algorithm(gray) for algorithm in ORIGINAL]), time_of(lambda: hashes_of(gray))]
    theirs, own = (milliseconds * 1e3 for milliseconds in alone)
    print(f"hashes alone, 1 MP gray: ImageHash {theirs:.2f} ms, ours {own:.2f} ms, ratio {theirs / own:.2f}")


def time_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call, the least of three rounds of twenty."""
    work()
    rounds = []
    for _ in range(3):
        start = time.thread_time()
        for _ in range(20):
            work()
        rounds.append((time.thread_time() - start) / 20)
    return min(rounds)


def exactness(data: Path, generated: int) -> None:
    """Count the pictures of which a hash differs from ImageHash's."""
    random = np.random.default_rng(5)
    differing = counted = 0
    for path in sorted(data.glob("*/*.*")):
        try:
            with Image.open(path) as opened:
                picture = nd.prepared(opened)
        except OSError:
            continue
        counted += 1
        differing += _differs(picture)
    print(f"exactness: {differing} of {counted} pictures of the data set differ from ImageHash", end="; ")
    differing = 0
    for i in range(generated):
        width, height = (int(side) for side in 2 ** random.uniform(0, 10.3, 2))
        noise = random.integers(0, 256, (height, width, 3), np.uint8)
        steps = np.clip(np.cumsum(noise.astype(np.int32) - 128, axis=i % 2) // 4 + 128, 0, 255).astype(np.uint8)
        picture = Image.fromarray(noise if i % 3 == 0 else steps)
        differing += _differs(picture if i % 2 else picture.convert("L"))
    print(f"{differing} of {generated} generated shapes and modes")


def _differs(picture: Image.Image) -> bool:
    own = np.split(hashes_of(picture.convert("L")), len(VOTERS))
    return [to_hex(words) for words in own] != [str(algorithm(picture)) for algorithm in ORIGINAL]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=nd.DATA)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--exact", type=int, default=2000)
    args = parser.parse_args()
    if not ENVIRONMENT.items() <= os.environ.items():
        again = subprocess.run([sys.executable, *sys.argv], env=os.environ | ENVIRONMENT, check=False)
        sys.exit(again.returncode)
    speed(Image.open(args.data / "originals" / "rocket.jpg").convert("RGB"), args.seconds)
    exactness(args.data, args.exact)


if __name__ == "__main__":
    main()
