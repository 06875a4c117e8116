"""The ways to fetch that `fetch.py` compares; each runs in a process of its own so that its CPU and memory show.

Usage: fetch_clients.py NAME PORT_HTTPS PORT_HTTP CERTIFICATE COUNT FOLDER FIRST (prints one line of JSON).
"""
# ruff: noqa: PLC0415  (each client imports what it needs by itself, so that it is measured with nothing else)

import asyncio
import io
import json
import resource
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.picture_server import Addresses

_CONNECTIONS = 64


def main(arguments: Sequence[str]) -> None:
    """Run one client and print what it took."""
    name, https, http, certificate, count, folder, first = arguments
    addresses = Addresses(int(https), int(http), Path(certificate))
    run = CLIENTS[name]
    urls = addresses.urls(int(count), one_host=name.endswith("-one-host"), first=int(first))
    socket.getaddrinfo = _everything_is_here  # type: ignore[assignment,unused-ignore]  # a DNS for the benchmark
    run([], addresses, Path(folder))  # what a client loads once, some of it for a second, is not a picture's cost
    start, cpu = time.perf_counter(), _cpu()
    done = run(urls, addresses, Path(folder))
    seconds = time.perf_counter() - start
    if done != len(urls):
        raise SystemExit(f"{name} fetched {done} of {len(urls)}")
    used = _cpu() - cpu
    print(json.dumps({"rate": done / seconds, "cpu": used / done * 1000, "seconds": seconds}))


def _everything_is_here(_host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port or 0)))]


def _cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def original(urls: Sequence[str], addresses: Addresses, _: Path) -> int:
    """Do as the original program did: one picture after the other, fetched, decoded and hashed."""
    import imagehash
    import requests
    from PIL import Image

    for url in urls:
        content = requests.get(url, verify=str(addresses.bundle), timeout=30).content
        picture = Image.open(io.BytesIO(content))
        imagehash.average_hash(picture), imagehash.phash(picture), imagehash.dhash(picture)
    return len(urls)


def stock_requests(urls: Sequence[str], addresses: Addresses, _: Path) -> int:
    """Fetch with a session of requests and 64 threads."""
    import requests

    session = requests.Session()
    bundle = str(addresses.bundle)
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        return sum(threads.map(lambda url: bool(session.get(url, verify=bundle, timeout=30).content), urls))


def aiohttp_client(urls: Sequence[str], addresses: Addresses, _: Path) -> int:
    """Fetch with aiohttp."""
    import aiohttp  # type: ignore[import-not-found,unused-ignore]  # only for this benchmark

    async def run() -> int:
        context = ssl.create_default_context(cafile=str(addresses.bundle))
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=context, resolver=aiohttp.ThreadedResolver())
        async with aiohttp.ClientSession(connector=connector) as session:

            async def fetch(url: str) -> bool:
                async with session.get(url) as response:
                    return bool(await response.read())

            return sum(await asyncio.gather(*map(fetch, urls)))

    return asyncio.run(run())


def pycurl_client(urls: Sequence[str], addresses: Addresses, _: Path) -> int:
    """Fetch with libcurl's multi interface, as fast as its own loop goes."""
    import pycurl  # type: ignore[import-not-found,import-untyped,unused-ignore]  # only for this benchmark

    multi, waiting, done = pycurl.CurlMulti(), list(reversed(urls)), 0
    free = [pycurl.Curl() for _ in range(_CONNECTIONS)]
    bodies: dict[Any, io.BytesIO] = {}
    while waiting or len(free) < _CONNECTIONS:
        while waiting and free:
            curl, body = free.pop(), io.BytesIO()
            url = waiting.pop()
            curl.setopt(pycurl.URL, url)
            curl.setopt(pycurl.CONNECT_TO, ["::127.0.0.1:"])
            curl.setopt(pycurl.CAINFO, str(addresses.bundle))
            curl.setopt(pycurl.WRITEDATA, body)
            bodies[curl] = body
            multi.add_handle(curl)
        while multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
            continue
        _, finished, failed = multi.info_read()
        for curl in [*finished, *(entry[0] for entry in failed)]:
            done += bool(bodies.pop(curl).getvalue())
            multi.remove_handle(curl)
            free.append(curl)
        multi.select(0.05)
    return done


def ours_fetching(urls: Sequence[str], addresses: Addresses, folder: Path) -> int:
    """Fetch with our pool alone: bodies limited, hashed and looked at, then dropped."""
    from images.hosts import Job
    from images.objects import Objects
    from images.outcomes import Document
    from images.pool import Fetched, FetchPool
    from images.settings import Settings
    from images.targets import Web, read_target

    settings = Settings(
        allow_private=(ip_network("127.0.0.0/8"),), ca_bundle=addresses.certificate, keep_bytes=False,
        resolve=lambda _: [ip_address("127.0.0.1")],
    )  # fmt: skip
    jobs = [Job(target) for target in map(read_target, urls) if isinstance(target, Web)]
    done = 0
    with FetchPool(jobs, settings, Objects(folder), backlog=_CONNECTIONS) as pool:
        jobs.clear()  # the pool drops what is done
        for _ in urls:
            arrived = pool.delivered.get()
            done += isinstance(arrived, Fetched) and isinstance(arrived.outcome, Document)
            pool.take_off()
    return done


def ours(urls: Sequence[str], addresses: Addresses, folder: Path, **options: Any) -> int:
    """Do the whole of it: fetch, decode, three exact hashes, everything synced to the store."""
    from images import Picture, Settings, Store, read_pictures

    settings = Settings(
        allow_private=(ip_network("127.0.0.0/8"),), ca_bundle=addresses.certificate,
        resolve=lambda _: [ip_address("127.0.0.1")],
    )  # fmt: skip
    # Left for the end of all: removing is no part of the work, and ext4 takes up to a millisecond of CPU to make a file
    # where many were removed in the last half minute.
    with Store(Path(tempfile.mkdtemp(dir=folder))) as store:
        results = read_pictures(urls, replace(settings, **options), store)
    return sum(isinstance(result, Picture) for result in results.values())


def ours_one_host(urls: Sequence[str], addresses: Addresses, folder: Path) -> int:
    """Do the whole of it on one host of one's own, with as many connections as there are threads."""
    return ours(urls, addresses, folder, per_host=_CONNECTIONS)


def ours_fast(urls: Sequence[str], addresses: Addresses, folder: Path) -> int:
    """Do the whole of it with JPEGs decoded at a reduced size (hashes may differ by some bits)."""
    return ours(urls, addresses, folder, fast_jpeg=True)


CLIENTS: dict[str, Callable[[Sequence[str], Addresses, Path], int]] = {
    "original": original,
    "original-one-host": original,
    "requests": stock_requests,
    "aiohttp": aiohttp_client,
    "pycurl": pycurl_client,
    "ours-fetching": ours_fetching,
    "ours": ours,
    "ours-fast": ours_fast,
    "ours-one-host": ours_one_host,
}

if __name__ == "__main__":
    main(sys.argv[1:])
