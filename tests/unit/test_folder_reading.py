"""Pictures of local files: read once, known again by their marks, and read again when anything about them changed."""

import os
import time
from pathlib import Path

import pytest
from PIL import Image

from hashing import fingerprint
from hashing.algorithms import hash_of
from images import FetchFailure, Picture, Settings, Store
from images.files import Reading, Wanted, digest_of, hashes_of, read_files
from images.folder import list_files
from tests.pictures import encoded, scene

LONG_AGO = time.time() - 1000


def _save(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))


def _read(folder: Path, store: Store, wanted: Wanted | None = None) -> list[Reading | None]:
    return read_files(list_files([folder]).files, Settings(), store, wanted=wanted or Wanted())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    _save(folder / "a.jpg", encoded(scene(1)))
    _save(folder / "b.png", encoded(scene(2), "PNG"))
    _save(folder / "notes.txt", b"to buy: milk")
    _save(folder / "page.jpg", b"<html>no picture</html>")
    _save(folder / "cut.jpg", encoded(scene(3))[:3000])
    return folder


def test_pictures_failures_and_other_files_are_told_apart(folder: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        a, b, cut, notes, page = _read(folder, store)
    assert isinstance(a, Picture)
    assert isinstance(b, Picture)
    assert (a.width, a.format, b.format) == (320, "JPEG", "PNG")
    assert (a.fingerprint.hashes == fingerprint(Image.open(folder / "a.jpg")).hashes).all()
    assert notes is None
    assert isinstance(page, FetchFailure)
    assert isinstance(cut, FetchFailure)
    assert (page.status, cut.status) == ("not_an_image", "broken_picture")


@pytest.mark.skipif(os.name != "posix", reason="needs a change time that a rename does not set back")
def test_an_unchanged_file_is_known_without_being_read(folder: Path, tmp_path: Path) -> None:
    time.sleep(2.2)  # younger files are not trusted to show a change
    with Store(tmp_path / "store") as store:
        first = _read(folder, store)
        files = list_files([folder]).files
        for name in ("a.jpg", "b.png"):
            (folder / name).unlink()  # whoever opened it now would fail
        again = read_files(files[:2], Settings(), store)
    assert [one.sha256 for one in again if isinstance(one, Picture)] == [
        one.sha256 for one in first if isinstance(one, Picture)
    ]
    assert len(again) == 2


def test_another_content_of_the_same_size_and_time_is_noticed(folder: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        before = _read(folder, store)[1]
        flipped = encoded(scene(4), "PNG")
        size = (folder / "b.png").stat().st_size
        _save(folder / "b.png", flipped + b"\0" * (size - len(flipped)) if len(flipped) < size else flipped)
        after = _read(folder, store)[1]
    assert isinstance(before, Picture)
    assert isinstance(after, Picture)
    assert before.sha256 != after.sha256


@pytest.mark.parametrize("size", [8, 16, 32])
def test_further_hashes_are_those_of_imagehash(folder: Path, tmp_path: Path, size: int) -> None:
    wanted = Wanted(("ahash", "phash", "dhash", "whash"), size)
    with Store(tmp_path / "store") as store:
        _read(folder, store)  # the fingerprint alone is known first
        pictures = [one for one in _read(folder, store, wanted) if isinstance(one, Picture)]
        hashes = hashes_of([picture.sha256 for picture in pictures], wanted, store, fast=False)
    assert hashes.shape == (2, 4, size * size // 64)
    for k, name in enumerate(wanted.algorithms):
        assert (hashes[0, k] == hash_of(Image.open(folder / "a.jpg"), name, size)).all()


def test_a_link_has_no_digest(folder: Path) -> None:
    found = digest_of(str(folder / "a.jpg"))
    assert found is not None
    assert found[1].size == (folder / "a.jpg").stat().st_size
    if os.name == "posix":
        (folder / "link.jpg").symlink_to("a.jpg")
        assert digest_of(str(folder / "link.jpg")) is None
    assert digest_of(str(folder)) is None


def test_pruning_a_store_keeps_what_local_files_need(folder: Path, tmp_path: Path) -> None:
    time.sleep(2.2)
    with Store(tmp_path / "store") as store:
        _read(folder, store)
        assert store.prune().pictures == 2
