"""The store: what is recorded comes back, other versions are refused by name, and pruning keeps what is used."""

import hashlib
import os
import sqlite3
import time
from pathlib import Path

import pytest
from PIL import Image

from errors import AccessRefused, StateError
from hashing import fingerprint
from images.body import BadEncodingError, Body, Budget, TooLargeError
from images.objects import Objects
from images.store import Content, Store, Visit
from images.watchdog import Watchdog


def content(data: bytes) -> Content:
    made = fingerprint(Image.radial_gradient("L"))
    return Content(hashlib.sha256(data).hexdigest(), "ok", "", len(data), "JPEG", 4, 3, False, made)


def visit(url: str, known: Content | None, **options: object) -> Visit:
    status = ("ok", "") if known else ("http_error", "The server answered 404 Not Found.")
    return Visit(url, "p", *status, url, known.sha256 if known else None, '"tag"', None, time.time(), **options)  # type: ignore[arg-type]


def test_what_is_recorded_comes_back(tmp_path: Path) -> None:
    known = content(b"a picture")
    visits = [visit("http://a/", known, private=("10.0.0.1",), opted_out=True), visit("http://b/", None)]
    with Store(tmp_path) as store:
        store.record(visits, [known])
    with Store(tmp_path) as store:
        assert store.visits(["http://a/", "http://b/", "http://c/"]) == {v.url: v for v in visits}
        back = store.contents([known.sha256])[known.sha256]
        assert store.contents([known.sha256], fast=True) == {}
        thumbnail = store.thumbnail(known.sha256)
    assert back.fingerprint is not None
    assert known.fingerprint is not None
    assert thumbnail is not None
    assert (thumbnail == known.fingerprint.thumbnail).all()
    assert back.fingerprint.to_bytes() == known.fingerprint.to_bytes()
    assert (back.format, back.width, back.height, back.bytes) == ("JPEG", 4, 3, 9)


def test_bytes_are_checked_against_their_hash(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        sha256 = hashlib.sha256(b"bytes").hexdigest()
        path = store.objects.keep(sha256, b"bytes")
        assert (store.open_bytes(sha256), store.picture_path(sha256)) == (b"bytes", path)
        path.write_bytes(b"bites")
        assert store.open_bytes(sha256) is None
        assert store.picture_path(sha256) is None


def test_a_fingerprint_of_another_version_is_not_used(tmp_path: Path) -> None:
    known = content(b"x")
    with Store(tmp_path) as store:
        store.record([visit("http://a/", known)], [known])
    with sqlite3.connect(tmp_path / "index.sqlite") as index:
        index.execute("UPDATE fingerprint SET version = 'pillow=1.0'")
    with Store(tmp_path) as store:
        assert store.contents([known.sha256]) == {}


def test_a_store_of_another_version_or_kind_is_refused_by_name(tmp_path: Path) -> None:
    Store(tmp_path / "new").close()
    with sqlite3.connect(tmp_path / "new" / "index.sqlite") as index:
        index.execute("PRAGMA user_version = 9")
    with pytest.raises(StateError, match="format 9"):
        Store(tmp_path / "new")
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / "index.sqlite") as index:
        index.execute("CREATE TABLE somebody_elses (a)")
    with pytest.raises(StateError, match="format 0"):
        Store(tmp_path / "other")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "index.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StateError, match="can not be used"):
        Store(tmp_path / "damaged")


def test_a_file_where_the_folder_should_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AccessRefused) as refused:
        Store(tmp_path / "file")
    assert "--store" in refused.value.hint


def test_pruning_keeps_what_addresses_lead_to(tmp_path: Path) -> None:
    used, unused = content(b"used"), content(b"unused")
    with Store(tmp_path) as store:
        for each, data in ((used, b"used"), (unused, b"unused")):
            store.objects.keep(each.sha256, data)
        store.record([visit("http://a/", used)], [used, unused])
        before = store.usage()
        assert (before.addresses, before.pictures, before.files) == (1, 2, 2)
        after = store.prune()
        assert (after.addresses, after.pictures, after.files) == (1, 1, 1)
        assert store.open_bytes(used.sha256) == b"used"
        without = store.prune(bytes_only=True)
        assert (without.addresses, without.pictures, without.files) == (1, 1, 0)
        nothing = store.prune(older_than_days=0)
        assert (nothing.addresses, nothing.pictures, nothing.files) == (0, 0, 0)


def test_what_a_killed_run_was_writing_is_swept_away_later(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    fresh, old = objects.temporary(), objects.temporary()
    for path in (fresh, old):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    Objects(tmp_path)
    assert (fresh.exists(), old.exists()) == (True, False)


def test_a_body_is_in_memory_while_small_and_in_a_file_when_large(tmp_path: Path) -> None:
    objects, budget = Objects(tmp_path), Budget(3_000_000)
    with Body(objects, budget, encoding="", max_bytes=5_000_000) as body:
        body.write(b"x" * 1000)
        assert body.take() == b"x" * 1000
    with Body(objects, budget, encoding="", max_bytes=5_000_000) as body:
        for _ in range(3):
            body.write(b"y" * 700_000)
        body.finish()
        kept = body.keep()
    assert body.sha256 == hashlib.sha256(b"y" * 2_100_000).hexdigest()
    assert kept.read_bytes() == b"y" * 2_100_000
    assert list((tmp_path / "tmp").iterdir()) == []
    with pytest.raises(TooLargeError), Body(objects, budget, encoding="", max_bytes=5_000_000) as body:
        for _ in range(9):
            body.write(b"z" * 700_000)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert budget.take(3_000_000)


def test_a_packed_body_that_breaks_off_or_is_packed_otherwise_is_refused(tmp_path: Path) -> None:
    objects, budget = Objects(tmp_path), Budget(10**6)
    with pytest.raises(BadEncodingError):
        Body(objects, budget, encoding="br", max_bytes=10)
    with pytest.raises(BadEncodingError), Body(objects, budget, encoding="gzip", max_bytes=10) as body:
        body.write(b"not gzip at all")


def test_a_deadline_passes_in_time_and_not_after_it_is_finished() -> None:
    passed = []
    with Watchdog() as watchdog:
        late, early = watchdog.start(0.05), watchdog.start(0.05)
        late.on_passing(lambda: passed.append("late"))
        early.on_passing(lambda: passed.append("early"))
        early.finish()
        time.sleep(0.2)
        assert passed == ["late"]
        assert (late.passed, early.passed) == (True, False)
        open_one = watchdog.start(60)
        open_one.on_passing(lambda: passed.append("stopped"))
    assert passed == ["late", "stopped"]


def test_deadlines_pass_in_their_own_order_whatever_was_started_before() -> None:
    """An early one among late ones, one that outlives those that were known when the watchdog fell asleep."""
    passed: list[str] = []
    with Watchdog() as watchdog:
        for name, seconds in (("long", 60.0), ("third", 0.3), ("first", 0.1), ("over", 0.15), ("second", 0.2)):
            deadline = watchdog.start(seconds)
            deadline.on_passing(lambda name=name: passed.append(name))  # type: ignore[misc]
            if name == "over":
                deadline.finish()
        time.sleep(0.5)
        assert passed == ["first", "second", "third"]
        watchdog.start(0.05).on_passing(lambda: passed.append("fourth"))
        time.sleep(0.15)
    assert passed == ["first", "second", "third", "fourth", "long"]
