"""The output folder: whole files, others' files left alone, leftovers told and removed only on request."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from errors import AccessRefused, StateError, UsageError
from export.folder import Cleaned, Folder, Overtaken, Standing
from export.locking import locked, refusal
from export.manifest import WAS_THERE, ManifestRow, to_csv
from export.memory import MEMORY, Memory
from export.writing import PART

CONTENTS = {hashlib.sha256(text).hexdigest(): text for text in (b"one", b"two", b"three" * 100_000)}
ONE, TWO, THREE = CONTENTS


def nothing(_done: int, _total: int) -> None:
    pass


def look(folder: Folder, files: dict[str, str], tables: dict[str, bytes]) -> Standing:
    return folder.standing(files, tables, nothing)


def export(path: Path, files: dict[str, str], manifest: bytes = b"m") -> Standing:
    """Write an export as the command does, and return what was to do."""
    folder = Folder(path)
    tables = {"manifest.csv": manifest}
    todo = look(folder, files, tables)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in tables.items()}
    assert folder.write(todo, Memory({**todo.unowned, **files, **sums}), CONTENTS.get, nothing) == ()
    return todo


def tree(path: Path) -> dict[str, bytes]:
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def visible(path: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree(path).items() if not name.startswith(".")}


def test_an_export_is_its_files_its_manifest_and_its_memory(tmp_path: Path) -> None:
    export(tmp_path / "new" / "out", {"a/1.jpg": ONE, "2.jpg": TWO})
    assert visible(tmp_path / "new" / "out") == {"a/1.jpg": b"one", "2.jpg": b"two", "manifest.csv": b"m"}
    assert {p.name for p in (tmp_path / "new" / "out").iterdir()} == {"a", "2.jpg", "manifest.csv", MEMORY}


def test_what_is_there_and_whole_is_not_written_again(tmp_path: Path) -> None:
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO})
    before = {path: path.stat() for path in tmp_path.iterdir()}
    todo = export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO})
    assert todo.present == {"1.jpg", "2.jpg"}
    assert not todo.missing and not todo.tables
    after = {path: path.stat() for path in tmp_path.iterdir()}
    assert {p: (s.st_ino, s.st_mtime_ns) for p, s in before.items()} == {
        p: (s.st_ino, s.st_mtime_ns) for p, s in after.items()
    }


def test_a_damaged_file_is_written_again(tmp_path: Path) -> None:
    export(tmp_path, {"1.jpg": ONE, "3.jpg": THREE})
    (tmp_path / "3.jpg").write_bytes(CONTENTS[THREE][:-1])
    todo = export(tmp_path, {"1.jpg": TWO, "3.jpg": THREE})
    assert (set(todo.missing), todo.altered) == ({"1.jpg", "3.jpg"}, ("3.jpg",)), "what we replace, nobody changed"
    assert visible(tmp_path) == {"1.jpg": b"two", "3.jpg": CONTENTS[THREE], "manifest.csv": b"m"}


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(UsageError, match="is a file"):
            Folder(path)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permissions of this kind")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o555)
    for path in (out, out / "below"):
        with pytest.raises(AccessRefused, match="read-only"):
            Folder(path)


def test_files_that_do_not_fit_on_the_disk_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"^100,000,000,.* MB are to be written"):
        Folder(tmp_path / "out").refuse_without_space([10**17])
    Folder(tmp_path / "out").refuse_without_space([1])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["1.jpg", "a"])
def test_a_file_that_no_export_put_there_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        look(Folder(tmp_path), {"1.jpg": ONE, "a/2.jpg": TWO}, {})
    assert tree(tmp_path) == {name: b"mine"}


def test_a_manifest_of_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("name,price\nsoup,3\n")
    with pytest.raises(StateError, match="none that this program wrote"):
        Folder(tmp_path)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        look(Folder(tmp_path), {"1.jpg": ONE}, {})


def test_a_file_of_others_with_the_very_content_is_taken_for_done(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"one")
    assert export(tmp_path, {"1.jpg": ONE}).missing == {}


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a link"):
        look(Folder(tmp_path / "out"), {"a/1.jpg": ONE}, {})
    (tmp_path / "out" / "a").unlink()
    export(tmp_path / "out", {"a/1.jpg": ONE})
    (tmp_path / "kept.jpg").write_bytes(b"mine")
    (tmp_path / "out" / "a" / "1.jpg").unlink()
    (tmp_path / "out" / "a" / "1.jpg").symlink_to(tmp_path / "kept.jpg")
    export(tmp_path / "out", {"a/1.jpg": ONE})
    assert (tmp_path / "kept.jpg").read_bytes() == b"mine"
    assert not (tmp_path / "out" / "a" / "1.jpg").is_symlink()


def test_leftovers_are_told_until_they_are_removed(tmp_path: Path) -> None:
    export(tmp_path, {"a/1.jpg": ONE, "2.jpg": TWO})
    for _ in range(2):
        assert export(tmp_path, {"2.jpg": TWO}, b"n").unowned == {"a/1.jpg": ONE}
    (tmp_path / "mine.txt").write_text("mine")
    folder = Folder(tmp_path)
    assert folder.clean({"a/1.jpg": ONE}) == Cleaned(removed=("a/1.jpg",))
    assert visible(tmp_path) == {"2.jpg": b"two", "manifest.csv": b"n", "mine.txt": b"mine"}
    assert not (tmp_path / "a").exists()
    assert export(tmp_path, {"2.jpg": TWO}, b"n").unowned == {}


def test_a_leftover_that_somebody_changed_is_kept(tmp_path: Path) -> None:
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO})
    (tmp_path / "1.jpg").write_bytes(b"cropped by hand")
    left = export(tmp_path, {"2.jpg": TWO}).unowned
    assert Folder(tmp_path).clean(left) == Cleaned(changed=("1.jpg",))
    assert (tmp_path / "1.jpg").exists()


def test_without_its_memory_the_manifest_tells_what_is_ours(tmp_path: Path) -> None:
    rows = [ManifestRow(2, "u", None, "1.jpg", ONE), ManifestRow(3, "v", None, "2.jpg", TWO)]
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO}, to_csv(rows))
    (tmp_path / MEMORY).unlink()
    assert export(tmp_path, {"1.jpg": TWO}, to_csv(rows[:1])).unowned == {"2.jpg": TWO}


@pytest.mark.parametrize("path", ["../kept.jpg", "/etc/hosts", "a/../../kept.jpg", "C:\\kept.jpg", ""])
def test_a_memory_that_somebody_edited_removes_nothing_outside(tmp_path: Path, path: str) -> None:
    (tmp_path / "kept.jpg").write_bytes(b"one")
    export(tmp_path / "out", {"1.jpg": ONE})
    memory = tmp_path / "out" / MEMORY
    saved = json.loads(memory.read_text("utf-8"))
    memory.write_text(json.dumps({**saved, "files": {**saved["files"], path: ONE}}), "utf-8")
    assert export(tmp_path / "out", {"1.jpg": ONE}).unowned == {}
    assert (tmp_path / "kept.jpg").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"schema": 9}',
        '{"schema": 1, "files": 3, "sides": {}, "rules": ""}',
        '{"schema": 1, "files": {}, "sides": {"0": ["train"]}, "rules": ""}',
        '{"schema": 1, "files": {"1.jpg": 1}, "sides": {}, "rules": ""}',
    ],
)
def test_a_damaged_memory_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / MEMORY).write_text(text)
    with pytest.raises(StateError):
        Folder(tmp_path)


@pytest.mark.parametrize("path", ["../1.jpg", "../../evil/1.jpg", "/1.jpg", "a/../../1.jpg"])
def test_a_planned_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError, match="would lie outside"):
        look(Folder(tmp_path / "out"), {path: ONE}, {})


def test_while_files_are_replaced_there_is_no_manifest(tmp_path: Path) -> None:
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO})
    there: list[bool] = []

    def source(sha256: str) -> bytes:
        there.append((tmp_path / "manifest.csv").exists())
        return CONTENTS[sha256]

    folder = Folder(tmp_path)
    todo = look(folder, {"1.jpg": TWO, "2.jpg": ONE}, {"manifest.csv": b"m"})
    folder.write(todo, Memory(), source, nothing)
    assert there == [False, False]
    assert visible(tmp_path) == {"1.jpg": b"two", "2.jpg": b"one", "manifest.csv": b"m"}


def test_bytes_that_are_not_to_be_had_leave_the_export_incomplete(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    todo = look(folder, {"1.jpg": ONE, "2.jpg": TWO}, {"manifest.csv": b"m"})
    assert folder.write(todo, Memory(), {ONE: b"one"}.get, nothing) == ("2.jpg",)
    assert visible(tmp_path) == {"1.jpg": b"one"}
    assert export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO}).missing == {"2.jpg": TWO}


def test_an_error_in_the_middle_leaves_whole_files_and_no_temporary_ones(tmp_path: Path) -> None:
    def source(sha256: str) -> bytes:
        if sha256 == TWO:
            raise OSError(28, "No space left on device")
        return CONTENTS[sha256]

    folder = Folder(tmp_path)
    with pytest.raises(StateError, match="is full"):
        folder.write(look(folder, {"1.jpg": ONE, "2.jpg": TWO}, {"manifest.csv": b"m"}), Memory(), source, nothing)
    assert set(visible(tmp_path)) <= {"1.jpg"}


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / f"{PART}0123").write_bytes(b"half")
    export(tmp_path, {"1.jpg": ONE})
    assert set(tree(tmp_path)) == {"1.jpg", "manifest.csv", MEMORY}


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
def test_a_lock_that_is_a_link_or_a_pipe_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "out" / ".export-lock"
    lock.parent.mkdir()
    for make in (lambda: lock.symlink_to(tmp_path / "made"), lambda: os.mkfifo(lock), lock.mkdir):
        make()
        with pytest.raises(StateError, match="no file of ours"):
            export(tmp_path / "out", {"1.jpg": ONE})
        assert {path.name for path in tmp_path.rglob("*")} == {"out", ".export-lock"}
        lock.rmdir() if lock.is_dir() else lock.unlink()


def test_two_exports_do_not_write_into_one_folder_at_once(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(StateError, match="Another export"):
        export(tmp_path, {"1.jpg": ONE})
    export(tmp_path, {"1.jpg": ONE})


def test_what_was_decided_by_a_memory_of_the_past_is_neither_written_nor_cleaned(tmp_path: Path) -> None:
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO})
    late, cleaner = Folder(tmp_path), Folder(tmp_path)
    todo = look(late, {"1.jpg": TWO}, {"manifest.csv": b"late"})
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO, "3.jpg": THREE}, b"n")
    before = tree(tmp_path)
    with pytest.raises(Overtaken):
        late.write(todo, Memory(), CONTENTS.get, nothing)
    with pytest.raises(Overtaken):
        cleaner.clean({"2.jpg": TWO})
    assert tree(tmp_path) == before
    again = look(late, {"1.jpg": TWO}, {"manifest.csv": b"late"})
    assert late.write(again, Memory({"1.jpg": TWO}), CONTENTS.get, nothing) == ()


def test_a_file_of_others_that_came_after_the_look_is_not_overwritten(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    todo = look(folder, {"1.jpg": ONE}, {"manifest.csv": b"m"})
    (tmp_path / "1.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        folder.write(todo, Memory(), CONTENTS.get, nothing)
    assert tree(tmp_path) == {"1.jpg": b"mine"}


@pytest.mark.parametrize(("content", "kept"), [(b"one", ()), (b"two", ()), (b"cropped by hand", ("1.jpg",))])
def test_after_an_interruption_only_the_old_file_or_the_new_one_is_cleaned(
    tmp_path: Path, content: bytes, kept: tuple[str, ...]
) -> None:
    export(tmp_path, {"1.jpg": ONE, "3.jpg": THREE})
    folder = Folder(tmp_path)
    folder.write(look(folder, {"1.jpg": TWO}, {"manifest.csv": b"n"}), Memory(), lambda _: None, nothing)
    (tmp_path / "1.jpg").write_bytes(content)
    again = Folder(tmp_path)
    assert again.clean({"1.jpg": again.memory.files["1.jpg"]}).changed == kept
    assert (tmp_path / "1.jpg").exists() == bool(kept)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permissions of this kind")
def test_a_leftover_that_cannot_be_removed_keeps_no_other_from_it(tmp_path: Path) -> None:
    export(tmp_path, {"a/1.jpg": ONE, "b/2.jpg": TWO, "3.jpg": THREE})
    (tmp_path / "a").chmod(0o555)
    left = export(tmp_path, {"3.jpg": THREE}, b"n").unowned
    cleaned = Folder(tmp_path).clean(left)
    (tmp_path / "a").chmod(0o755)
    assert cleaned == Cleaned(removed=("b/2.jpg",), stuck={"a/1.jpg": "its folder is read-only"})
    assert Folder(tmp_path).clean({"a/1.jpg": ONE}).removed == ("a/1.jpg",), "a later run remembers it"
    assert set(visible(tmp_path)) == {"3.jpg", "manifest.csv"}


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permissions of this kind")
def test_a_read_only_folder_of_a_class_is_said_before_anything_is_written(tmp_path: Path) -> None:
    export(tmp_path, {"a/1.jpg": ONE})
    before = tree(tmp_path)
    (tmp_path / "a").chmod(0o555)
    with pytest.raises(AccessRefused, match="read-only"):
        look(Folder(tmp_path), {"a/1.jpg": TWO, "2.jpg": TWO}, {})
    (tmp_path / "a").chmod(0o755)
    assert tree(tmp_path) == before


def test_from_deciding_to_cleaning_no_other_export_comes_in(tmp_path: Path) -> None:
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO})
    folder = Folder(tmp_path)
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO, "3.jpg": THREE})
    with folder.held():
        assert "3.jpg" in folder.memory.files, "what came before the lock counts"
        todo = look(folder, {"1.jpg": ONE}, {"manifest.csv": b"n"})
        for _ in ("while it is decided", "after it was written"):
            with pytest.raises(StateError, match="Another export"):
                export(tmp_path, {"1.jpg": TWO})
            memory = Memory({"1.jpg": ONE, "manifest.csv": hashlib.sha256(b"n").hexdigest(), **todo.unowned})
            folder.write(todo, memory, CONTENTS.get, nothing)
        assert folder.clean(todo.unowned).removed == ("2.jpg", "3.jpg")
    assert export(tmp_path, {"1.jpg": ONE}, b"n").unowned == {}


def test_files_of_others_stay_theirs_when_the_memory_is_lost(tmp_path: Path) -> None:
    rows = [
        ManifestRow(2, "u", "u", "1.jpg", ONE, flags=("animated", WAS_THERE)),
        ManifestRow(3, "v", "v", "2.jpg", TWO),
    ]
    (tmp_path / "1.jpg").write_bytes(b"one")
    export(tmp_path, {"1.jpg": ONE, "2.jpg": TWO}, to_csv(rows))
    (tmp_path / MEMORY).unlink()
    assert look(Folder(tmp_path), {}, {"manifest.csv": b""}).unowned == {"2.jpg": TWO}
    with pytest.raises(UsageError, match="is there already"):
        look(Folder(tmp_path), {"1.jpg": TWO}, {})


@pytest.mark.parametrize("make", ["folder", "link"])
def test_a_memory_that_is_no_file_is_said_before_any_work(tmp_path: Path, make: str) -> None:
    if make == "link" and os.name != "posix":
        pytest.skip("links need a privilege on Windows")
    (tmp_path / "out").mkdir()
    memory = tmp_path / "out" / MEMORY
    memory.mkdir() if make == "folder" else memory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="no file of ours"):
        Folder(tmp_path / "out")


def test_a_disk_without_locks_is_not_taken_for_another_export() -> None:
    assert "cannot lock a file (No locks" in refusal(Path("out"), OSError(errno.ENOLCK, "No locks available")).what
    for number in (errno.EWOULDBLOCK, errno.EACCES, errno.ENOENT):
        assert "Another export is writing" in refusal(Path("out"), OSError(number, "said so")).what
