"""A new file has a name of its own, and is there whole or not at all."""

from pathlib import Path

import pytest

from atomic import claim, write_new


def test_two_files_of_one_second_and_name_are_two(tmp_path: Path) -> None:
    paths = [write_new(tmp_path / "new", "sheet", ".json", text) for text in (b"one", b"two")]
    assert [path.read_bytes() for path in paths] == [b"one", b"two"]
    assert claim(tmp_path / "new", "sheet", ".json") not in paths
    assert len(list((tmp_path / "new").iterdir())) == 3


def test_a_full_disk_leaves_no_empty_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="no limit for the size of files on Windows")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError):
            write_new(tmp_path, "sheet", ".json", b"more than nothing")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
