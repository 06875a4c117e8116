"""Servers that do what they can to a client: every thread comes free in time, and memory stays where it was."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from images import FetchFailure, Picture, Store, read_pictures
from tests.end_to_end.fetching_servers import (
    HOSTILE,
    Answer,
    Request,
    address,
    drip_of_tls,
    hostile,
    local_settings,
    picture,
    serving,
)

STRESS = os.environ.get("CURATION_STRESS") == "1"
TIMEOUT = 5.0 if STRESS else 2.0


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Put the growth of this process's resident memory, in MB, into the list at the end."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("this system does not say how much memory a process has (/proc is missing)")
    page, peak, stopped, grown = resource.getpagesize(), [0], threading.Event(), [0.0]

    def resident() -> int:
        return int(statm.read_text().split()[1]) * page

    def watch() -> None:
        while not stopped.wait(0.02):
            peak[0] = max(peak[0], resident())

    before = resident()
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield grown
    finally:
        stopped.set()
        thread.join()
        grown[0] = (peak[0] - before) / 2**20


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_each_kind_ends_in_time_with_its_status(name: str, tmp_path: Path) -> None:
    with serving(hostile) as server, Store(tmp_path) as store:
        url = f"http://bad.test:{server.port}/{name}"
        settings = local_settings(timeout=1.0, attempts=1)
        start = time.monotonic()
        result = read_pictures([url], settings, store)[url]
        seconds = time.monotonic() - start
    assert isinstance(result, FetchFailure)
    assert result.status in HOSTILE[name][1]
    assert seconds < 1.0 + 1.0


def test_a_tls_handshake_that_never_ends_is_cut(tmp_path: Path) -> None:
    with serving(drip_of_tls, raw=True) as server, Store(tmp_path) as store:
        url = f"https://bad.test:{server.port}/"
        start = time.monotonic()
        result = read_pictures([url], local_settings(timeout=1.0, attempts=1), store)[url]
        seconds = time.monotonic() - start
    assert isinstance(result, FetchFailure)
    assert (result.status, seconds < 2.0) == ("timed_out", True)


def test_a_silent_name_server_is_not_waited_for(tmp_path: Path) -> None:
    def resolve(_: str) -> list[object]:
        time.sleep(6)
        return []

    with Store(tmp_path) as store:
        url = "http://lost.test/a.jpg"
        start = time.monotonic()
        result = read_pictures([url], local_settings(timeout=1.0, attempts=1, resolve=resolve), store)[url]
        assert time.monotonic() - start < 2.0
    assert isinstance(result, FetchFailure)
    assert result.status == "timed_out"


def test_all_threads_on_hostile_servers_come_free_and_memory_stays(tmp_path: Path) -> None:
    """64 connections, 17 kinds at once: over within the deadline and one second, less than 96 MB more."""
    kinds = sorted(HOSTILE)
    with serving(hostile) as server, serving(drip_of_tls, raw=True) as handshakes, Store(tmp_path) as store:
        urls = [f"http://h{n}.test:{server.port}/{kinds[n % len(kinds)]}" for n in range(60)]
        urls += [f"https://t{n}.test:{handshakes.port}/" for n in range(4)]
        with peak_memory() as grown:
            start = time.monotonic()
            results = read_pictures(urls, local_settings(timeout=TIMEOUT, attempts=1), store)
            seconds = time.monotonic() - start
        left = [thread.name for thread in threading.enumerate() if thread.name.startswith("fetch-")]
    print(f"{len(urls)} hostile answers over after {seconds:.2f} s (deadline {TIMEOUT} s), {grown[0]:.0f} MB more")
    for url, result in results.items():
        assert isinstance(result, FetchFailure)
        name = url.rsplit("/", 1)[1]
        assert result.status in (HOSTILE[name][1] | {"timed_out"} if name else {"timed_out"})
    assert left == []
    assert seconds < TIMEOUT + 1.0
    assert grown[0] < 96


def test_good_pictures_get_through_beside_hostile_ones(tmp_path: Path) -> None:
    def good(request: Request) -> Answer:
        return Answer(picture(int(request.path.strip("/"))))

    with serving(hostile) as bad, serving(good) as server, Store(tmp_path) as store:
        urls = [f"http://h{n}.test:{bad.port}/{kind}" for n, kind in enumerate(sorted(HOSTILE) * 4)]
        fine = [f"http://g{n}.test:{server.port}/{n}" for n in range(40)]
        results = read_pictures([*urls, *fine], local_settings(timeout=1.0, attempts=1), store)
    assert all(isinstance(results[url], Picture) for url in fine)
    assert not any(isinstance(results[url], Picture) for url in urls)


def test_large_bodies_go_to_files_and_memory_is_that_of_small_ones(tmp_path: Path) -> None:
    padded = picture(1) + b"\0" * (15 * 2**20)

    def large(request: Request) -> None:
        name = request.path.encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(padded) + len(name))
        for part in (head, padded, name):
            request.connection.sendall(part)

    with serving(large) as server, Store(tmp_path) as store:
        urls = [f"http://h{n}.test:{server.port}/{n}" for n in range(24)]
        with peak_memory() as grown:
            results = read_pictures(urls, local_settings(), store)
        kept = list((tmp_path / "tmp").iterdir())
    assert all(isinstance(result, Picture) for result in results.values())
    assert grown[0] < 96
    assert kept == []


def test_rows_behind_a_silent_name_server_hold_up_no_other(tmp_path: Path) -> None:
    """More of them than there are connections: each costs its own time, and the answers that come late are dropped."""

    def resolve(host: str) -> list[object]:
        if host.startswith("lost"):
            time.sleep(2.5)
        return [address("127.0.0.1")]

    def good(request: Request) -> Answer:
        return Answer(picture(int(request.path.strip("/"))))

    with serving(good) as server, Store(tmp_path) as store:
        lost = [f"http://lost{n}.test:{server.port}/{n}" for n in range(12)]
        fine = [f"http://g{n}.test:{server.port}/{n}" for n in range(12)]
        settings = local_settings(timeout=1.0, attempts=1, connections=6, resolve=resolve)
        start = time.monotonic()
        results = read_pictures([*lost, *fine], settings, store)
        seconds = time.monotonic() - start
        time.sleep(1.5)
    assert {result.status for url in lost if isinstance(result := results[url], FetchFailure)} == {"timed_out"}
    assert all(isinstance(results[url], Picture) for url in fine)
    assert seconds < 4.5
    assert server.connections == 12
