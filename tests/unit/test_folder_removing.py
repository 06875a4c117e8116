"""What changed, disappeared or cannot be moved is left where it is, with the reason; and a keeper is never risked."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cleaning import removing, trash, undoing
from cleaning.log import Log
from cleaning.moving import part_of
from cleaning.plan import Candidate, plan_of
from errors import NotFound, StateError, UsageError
from images.files import digest_of
from images.folder import list_files

Make = Callable[..., tuple[Log, removing.Outcome]]


def _candidates(folder: Path) -> list[Candidate]:
    found = []
    for i, file in enumerate(list_files([folder]).files):
        digest = digest_of(file.path)
        assert digest is not None
        found.append(Candidate(file, digest[0], 100 - i, 100 - i))  # the first one is the largest
    return found


def _remove(
    folder: Path, way: str = removing.BACKUP, meanwhile: Callable[[], object] = lambda: None
) -> tuple[Log, removing.Outcome]:
    """Take all files of a folder for one group, let something happen, and remove all but the first."""
    plan = plan_of([_candidates(folder)], "largest")
    steps = removing.steps_of(plan, way, folder.parent / "backup" if way == removing.BACKUP else None)
    log = Log.create(folder.parent / "logs", "test", way, steps)
    meanwhile()
    return log, removing.remove(plan, log, lambda *_: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "d").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg", "d/3.jpg"):
        (folder / name).write_bytes(b"content of " + name.encode())
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_backup_has_the_structure_of_the_folder(folder: Path) -> None:
    _, outcome = _remove(folder)
    assert (outcome.moved, outcome.left) == (2, [])
    assert _names(folder) == ["1.jpg"]
    assert _names(folder.parent / "backup") == ["2.jpg", "d/3.jpg"]


def test_a_backup_never_overwrites(folder: Path) -> None:
    (folder.parent / "backup").mkdir()
    (folder.parent / "backup" / "2.jpg").write_bytes(b"of an earlier run")
    log, _ = _remove(folder)
    assert (folder.parent / "backup" / "2.jpg").read_bytes() == b"of an earlier run"
    assert (folder.parent / "backup" / "2 (2).jpg").read_bytes() == b"content of 2.jpg"
    undoing.restore(Log.load(log.path), lambda *_: None)
    assert _names(folder) == ["1.jpg", "2.jpg", "d/3.jpg"]


def test_a_name_taken_at_the_last_moment_is_not_overwritten(folder: Path) -> None:
    backup = folder.parent / "backup"

    def take() -> None:
        backup.mkdir()
        (backup / "2.jpg").write_bytes(b"just arrived")

    log, outcome = _remove(folder, meanwhile=take)
    assert outcome.left == []
    assert (backup / "2.jpg").read_bytes() == b"just arrived"
    undoing.restore(Log.load(log.path), lambda *_: None)
    assert (folder / "2.jpg").read_bytes() == b"content of 2.jpg"


def test_a_file_that_changed_since_it_was_read_is_left(folder: Path) -> None:
    _, outcome = _remove(folder, meanwhile=lambda: (folder / "2.jpg").write_bytes(b"another one"))
    assert outcome.moved == 1
    assert [(Path(path).name, reason) for path, reason in outcome.left] == [("2.jpg", "changed since it was read")]
    assert (folder / "2.jpg").read_bytes() == b"another one"


def test_a_change_that_keeps_size_and_time_is_noticed(folder: Path) -> None:
    def change() -> None:
        status = (folder / "2.jpg").stat()
        with (folder / "2.jpg").open("r+b") as stream:
            stream.write(b"CONTENT")
        os.utime(folder / "2.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))

    _, outcome = _remove(folder, meanwhile=change)
    assert [Path(path).name for path, _ in outcome.left] == ["2.jpg"]


@pytest.mark.parametrize("happens", ["changed", "gone"])
def test_nothing_is_removed_for_a_keeper_that_changed_or_went(folder: Path, happens: str) -> None:
    keeper = folder / "1.jpg"
    _, outcome = _remove(folder, meanwhile=keeper.unlink if happens == "gone" else lambda: keeper.write_bytes(b"x"))
    assert outcome.moved == 0
    assert {"2.jpg", "d/3.jpg"} <= set(_names(folder))
    assert all("its keeper" in reason for _, reason in outcome.left)


@pytest.mark.skipif(os.name != "posix", reason="links need a right there")
def test_a_folder_that_became_a_link_is_not_followed(folder: Path) -> None:
    def swap() -> None:
        (folder / "d").rename(folder.parent / "elsewhere")
        (folder / "d").symlink_to(folder.parent / "elsewhere")

    _, outcome = _remove(folder, meanwhile=swap)
    assert [reason for _, reason in outcome.left] == ["cannot be moved (its folder is a link now)"]
    assert (folder.parent / "elsewhere" / "3.jpg").exists()


@pytest.mark.skipif(os.name != "posix", reason="hard links")
def test_all_names_of_a_removed_file_go_and_none_of_a_kept_one(folder: Path) -> None:
    os.link(folder / "1.jpg", folder / "one-again.jpg")
    os.link(folder / "2.jpg", folder / "two-again.jpg")
    plan = plan_of([_candidates(folder)], "largest")
    assert plan.files == 3
    log, outcome = _remove(folder)
    assert outcome.moved == 3
    assert _names(folder) == ["1.jpg", "one-again.jpg"]
    undoing.restore(Log.load(log.path), lambda *_: None)
    assert (folder / "2.jpg").samefile(folder / "two-again.jpg")


@pytest.mark.skipif(os.name != "posix", reason="hard links")
def test_a_file_with_a_name_outside_frees_nothing(folder: Path) -> None:
    os.link(folder / "2.jpg", folder.parent / "outside.jpg")
    plan = plan_of([_candidates(folder)], "largest")
    assert plan.bytes == (folder / "d" / "3.jpg").stat().st_size


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="an administrator may write everywhere")
def test_a_read_only_folder_keeps_its_files(folder: Path) -> None:
    (folder / "d").chmod(0o555)
    try:
        _, outcome = _remove(folder)
    finally:
        (folder / "d").chmod(0o755)
    assert [Path(path).name for path, _ in outcome.left] == ["3.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="the trash of this system belongs to a person")
def test_the_trash_gives_back_what_it_got(folder: Path) -> None:
    log, outcome = _remove(folder, removing.TRASH)
    if outcome.left:
        pytest.skip(f"no trash here: {outcome.left[0][1]}")
    assert _names(folder) == ["1.jpg"]
    restored = undoing.restore(Log.load(log.path), lambda *_: None)
    assert (len(restored.files), restored.lost) == (2, [])
    assert _names(folder) == ["1.jpg", "2.jpg", "d/3.jpg"]
    assert trash.Trash([str(folder / "2.jpg")]).find(log.steps[0].sha256, log.steps[0].marks) is None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no variable says where the trash is")
def test_a_trash_that_cannot_be_looked_into_takes_one_file_and_no_more(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, where a terminal may put files into the trash and may not see them there."""

    def hide() -> None:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))

    _, outcome = _remove(folder, removing.TRASH)
    if outcome.left:
        pytest.skip(f"no trash here: {outcome.left[0][1]}")
    undoing.restore(Log.load(next((folder.parent / "logs").iterdir())), lambda *_: None)
    with pytest.raises(StateError, match="is not found there"):
        _remove(folder, removing.TRASH, hide)
    monkeypatch.undo()
    assert _names(folder) == ["1.jpg", "d/3.jpg"]
    logs = sorted((folder.parent / "logs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert len(undoing.restore(Log.load(logs[-1]), lambda *_: None).files) == 1
    assert _names(folder) == ["1.jpg", "2.jpg", "d/3.jpg"]


def test_what_was_deleted_permanently_is_named_by_undo(folder: Path) -> None:
    log, outcome = _remove(folder, removing.PERMANENTLY)
    assert outcome.moved == 2
    assert _names(folder) == ["1.jpg"]
    restored = undoing.restore(Log.load(log.path), lambda *_: None)
    assert [reason for _, reason in restored.lost] == ["it was deleted permanently"] * 2


def test_undo_does_not_overwrite_what_took_the_place(folder: Path) -> None:
    log, _ = _remove(folder)
    (folder / "2.jpg").write_bytes(b"a new one")
    restored = undoing.restore(Log.load(log.path), lambda *_: None)
    assert (folder / "2.jpg").read_bytes() == b"a new one"
    assert [Path(path).name for path, _ in restored.lost] == ["2.jpg"]
    assert (folder / "d" / "3.jpg").exists()


def test_an_undo_that_is_only_tried_moves_nothing(folder: Path) -> None:
    log, _ = _remove(folder)
    assert len(undoing.restore(Log.load(log.path), lambda *_: None, dry_run=True).files) == 2
    assert _names(folder) == ["1.jpg"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"removal": 1}', '{"removal": 9, "way": "trash"}', "\ud800"])
def test_what_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogatepass") + b"\n{}\n")
    with pytest.raises(StateError):
        Log.load(path)
    with pytest.raises(NotFound):
        Log.load(tmp_path / "none")


@pytest.mark.parametrize("way", [removing.BACKUP, removing.PERMANENTLY])
def test_one_file_seen_twice_is_not_taken_for_a_copy_of_itself(folder: Path, way: str) -> None:
    """As when a disk is mounted at two places: two paths, two devices, one file."""
    (folder / "2.jpg").unlink()
    (folder / "d" / "3.jpg").unlink()
    other_way = folder.parent / "d" / ".." / "photos"
    (folder.parent / "d").mkdir()
    group = [*_candidates(folder), *_candidates(other_way)]
    plan = plan_of([group], "first")
    backup = folder.parent / "backup" if way == removing.BACKUP else None
    log = Log.create(folder.parent / "logs", "test", way, removing.steps_of(plan, way, backup))
    with pytest.raises(StateError, match="both one file"):
        removing.remove(plan, log, lambda *_: None)
    assert (folder / "1.jpg").read_bytes() == b"content of 1.jpg"


def test_a_log_cut_off_twice_is_still_whole(folder: Path) -> None:
    """A crash in a removal, another one in its undo: each left half a line."""
    log, _ = _remove(folder)
    (folder.parent / "backup" / "d" / "3.jpg").rename(folder.parent / "away.jpg")
    for _ in range(2):
        with log.path.open("ab") as stream:
            stream.write(b'{"step": 1, "beca')
        undoing.restore(Log.load(log.path), lambda *_: None)
        assert (folder / "2.jpg").read_bytes() == b"content of 2.jpg"
        (folder / "2.jpg").rename(folder.parent / "backup" / "2.jpg")
        log.note(0, "moved")
    assert len(Log.load(log.path).steps) == 2


@pytest.mark.skipif(os.name != "posix", reason="other disks count a name's characters")
def test_the_longest_name_is_removed_and_comes_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when its place in the backup is taken, and when the backup is on another disk."""
    longest = folder / ("x" * 251 + ".jpg")
    (folder / "2.jpg").rename(longest)
    (folder.parent / "backup").mkdir()
    (folder.parent / "backup" / longest.name).write_bytes(b"of an earlier run")
    _on_two_disks(monkeypatch, folder)
    log, outcome = _remove(folder)
    assert (outcome.moved, outcome.left) == (2, [])
    assert (folder.parent / "backup" / ("x" * 247 + " (2).jpg")).read_bytes() == b"content of 2.jpg"
    assert undoing.restore(Log.load(log.path), lambda *_: None).lost == []
    assert _names(folder) == ["1.jpg", "d/3.jpg", longest.name]
    _, outcome = _remove(folder, removing.PERMANENTLY)
    assert outcome.moved == 2
    assert _names(folder) == ["1.jpg"]


def _on_two_disks(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let renames into or out of a folder fail as between disks."""
    rename = os.replace

    def replace(source: str, target: str) -> None:
        if Path(source).is_relative_to(folder) != Path(target).is_relative_to(folder):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)


def test_an_undo_clears_away_what_a_crash_left_beside_the_whole_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy to another disk that was cut off; an empty file that took the name for a move."""
    _on_two_disks(monkeypatch, folder)
    log, _ = _remove(folder)
    for number in (0, 1):  # as if both moves were cut off
        step = log.steps[number]
        assert step.target is not None
        Path(part_of(step.target)).write_bytes(b"cont")
    undoing.restore(Log.load(log.path), lambda *_: None)
    undoing.restore(Log.load(log.path), lambda *_: None)
    assert _names(folder.parent / "backup") == []
    steps = removing.steps_of(plan_of([_candidates(folder)], "largest"), removing.PERMANENTLY, None)
    log = Log.create(folder.parent / "logs", "test", removing.PERMANENTLY, steps)
    Path(str(steps[0].target)).touch()
    undoing.restore(Log.load(log.path), lambda *_: None)
    assert _names(folder) == ["1.jpg", "2.jpg", "d/3.jpg"]


@pytest.mark.parametrize("names", [["photos"], ["photos", "other"]])
def test_a_backup_is_never_within_what_is_looked_at(folder: Path, names: list[str]) -> None:
    """The folder above would do for one, but not when the structure leads back: photos/photos, or a root's name."""
    (folder / "photos").mkdir()
    (folder / "2.jpg").rename(folder / "photos" / "2.jpg")
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "4.jpg").write_bytes(b"content of 4.jpg")
    roots = [folder.parent / name for name in names]
    group = [one for root in roots for one in _candidates(root)]
    plan = plan_of([group], "first")
    steps = removing.steps_of(plan, removing.BACKUP, folder.parent)
    with pytest.raises(UsageError, match="looked at"):
        removing.check_outside(steps, roots)
    removing.check_outside(removing.steps_of(plan, removing.BACKUP, folder.parent / "backup"), roots)
