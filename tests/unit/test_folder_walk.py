"""What is below a folder: every file once, in natural order; links, loops, other encodings and trash cost nothing."""

import os
import sys
from pathlib import Path

import pytest

from errors import NotFound, UsageError
from images.folder import list_files, natural_key

posix = pytest.mark.skipif(os.name != "posix", reason="this file system has no such names or links")


def _made(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))


def _listed(folder: Path, *, hidden: bool = False) -> list[str]:
    return [file.relative.replace(os.sep, "/") for file in list_files([folder], hidden=hidden).files]


def test_numbers_in_names_count_by_their_value(tmp_path: Path) -> None:
    _made(tmp_path, "b10.jpg", "b2.jpg", "a/12.jpg", "a/3.jpg", "B1.jpg")
    assert _listed(tmp_path) == ["B1.jpg", "b2.jpg", "b10.jpg", "a/3.jpg", "a/12.jpg"]


def test_a_name_of_ten_thousand_digits_is_no_error() -> None:
    assert natural_key("9" * 10_000) > natural_key("1" * 9_999)


def test_hidden_names_and_trash_are_left_alone(tmp_path: Path) -> None:
    _made(tmp_path, "a.jpg", ".b.jpg", ".cache/c.jpg", ".Trash-1000/files/d.jpg", "$RECYCLE.BIN/e.jpg")
    assert _listed(tmp_path) == ["a.jpg"]
    assert _listed(tmp_path, hidden=True) == [".b.jpg", "a.jpg", ".cache/c.jpg"]
    assert list_files([tmp_path]).hidden == 2


def test_our_own_state_is_not_entered(tmp_path: Path) -> None:
    _made(tmp_path, "a.jpg", "state/store/objects/aa/bb")
    assert [file.relative for file in list_files([tmp_path], spared=[tmp_path / "state"]).files] == ["a.jpg"]


def test_a_folder_named_twice_or_inside_another_one_is_listed_once(tmp_path: Path) -> None:
    _made(tmp_path, "in/a.jpg", "b.jpg")
    assert len(list_files([tmp_path, tmp_path / "in", tmp_path]).files) == 2


@posix
def test_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    _made(tmp_path, "in/a.jpg", "out/b.jpg")
    (tmp_path / "in" / "there").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to("self")
    listing = list_files([tmp_path / "in"])
    assert [file.relative for file in listing.files] == ["a.jpg"]
    assert listing.links == 3


@posix
def test_loops_end_where_links_are_followed(tmp_path: Path) -> None:
    _made(tmp_path, "in/a.jpg", "out/b.jpg")
    (tmp_path / "in" / "there").symlink_to(tmp_path / "out")
    (tmp_path / "out" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to("self")
    listing = list_files([tmp_path / "in"], follow_links=True)
    assert [file.relative for file in listing.files] == ["a.jpg", "there/b.jpg"]
    assert len(listing.refused) == 1


@posix
def test_hard_links_are_one_file_with_two_names(tmp_path: Path) -> None:
    _made(tmp_path, "a.jpg", "b.jpg")
    os.link(tmp_path / "a.jpg", tmp_path / "c.jpg")
    first, second = list_files([tmp_path]).files
    assert [name.relative for name in first.names] == ["a.jpg", "c.jpg"]
    assert second.relative == "b.jpg"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names that are no text")
def test_a_name_that_is_no_text_is_a_file_like_any_other(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9\xff.jpg"
    with open(name, "wb") as stream:  # noqa: PTH123
        stream.write(b"1")
    (file,) = list_files([tmp_path]).files
    assert os.fsencode(file.path) == name


@posix
def test_pipes_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert _listed(tmp_path) == []


def test_a_tree_of_five_hundred_levels_is_walked(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(500):
        here /= "d"
        here.mkdir()
    (here / "a.jpg").write_bytes(b"1")
    assert len(list_files([tmp_path]).files) == 1


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    _made(tmp_path, "a.jpg")
    with pytest.raises(UsageError, match="not a folder"):
        list_files([tmp_path / "a.jpg"])
    with pytest.raises(NotFound, match="no folder"):
        list_files([tmp_path / "b"])
