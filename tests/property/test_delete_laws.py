"""Whatever is in a folder: each removed picture leaves a near-duplicate of it behind, and undo restores every byte."""

import hashlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageOps

from cleaning import removing, undoing
from cleaning.log import Log
from cleaning.plan import KEEPERS, Candidate, Plan, plan_of
from finding.looking import Album, arranged, look_at, pixels_of, settings_of
from finding.options import Matching
from hashing import Arrangement, Ballot, arrange
from images import Picture, Store
from tests.pictures import encoded, family, scene

CONTENTS: list[bytes] = [
    *itertools.chain.from_iterable(family(seed).values() for seed in (1, 2, 3)),
    encoded(scene(4)),
    encoded(scene(1).crop((30, 20, 300, 220))),
    encoded(scene(2).resize((90, 60))),
    encoded(ImageOps.expand(scene(1).resize((200, 150)), 70, "black")),
    encoded(ImageOps.expand(scene(2), (0, 60), "white")),
    b"no picture at all",
    b"",
]
NAMES = st.sampled_from(
    [
        "a.jpg",
        "A.jpg",
        "b.png",
        "d/a.jpg",
        "d/e/a.jpg",
        "d/caf\u00e9.jpg",
        "-rf.jpg",
        "d/ .jpg",
        "x (2).jpg",
        "x.jpg",
        "10.jpg",
        "9.jpg",
    ]
)
FOLDERS = st.dictionaries(NAMES, st.integers(0, len(CONTENTS) - 1), max_size=12)
MATCHINGS = st.builds(
    Matching,
    algorithms=st.just(("ahash", "phash", "dhash")),
    size=st.just(8),
    threshold=st.sampled_from([1, 10, 20, 40]),
    quorum=st.sampled_from([1, 2, 3]),
    verify=st.booleans(),
    orientations=st.just(()),
    trim=st.booleans(),
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """One store for all examples: each content is decoded once."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        yield store


def _fill(folder: Path, files: dict[str, int], links: list[tuple[str, str]]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS[content])
        os.utime(path, (10_000 + len(name), 10_000 + content))
    for old, new in links:
        if (folder / old).exists() and not (folder / new).exists():
            (folder / new).parent.mkdir(parents=True, exist_ok=True)
            os.link(folder / old, folder / new)


def _state(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip


def _look(folder: Path, store: Store, matching: Matching) -> tuple[Album, Arrangement]:
    album = look_at(
        [folder], settings_of(fast_jpeg=False, trim=matching.trim), store, matching,
        hidden=False, follow_links=False, spared=(), progress=lambda *_: None,
    )  # fmt: skip
    return album, arranged(album, matching, lambda *_: None)


def _plan(album: Album, arrangement: Arrangement, keep: str) -> Plan:
    groups = [
        [Candidate(album.files[i], one.sha256, one.width * one.height, pixels_of(one)) for i in group.members
         if isinstance(one := album.readings[i], Picture)]
        for group in arrangement.groups
    ]  # fmt: skip
    return plan_of(groups, keep)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=FOLDERS, links=st.lists(st.tuples(NAMES, NAMES), max_size=2), matching=MATCHINGS,
    keep=st.sampled_from(sorted(KEEPERS)), way=st.sampled_from([removing.BACKUP, removing.PERMANENTLY]),
)  # fmt: skip
def test_a_near_duplicate_stays_for_each_removed_picture_and_undo_restores_all(
    *, files, links, matching, keep, way, store
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, backup = Path(name) / "photos", Path(name) / "backup"
        folder.mkdir()
        _fill(folder, files, links)
        before = _state(folder)
        album, arrangement = _look(folder, store, matching)
        plan = _plan(album, arrangement, keep)
        steps = removing.steps_of(plan, way, backup if way == removing.BACKUP else None)
        log = Log.create(Path(name) / "logs", "test", way, steps)
        outcome = removing.remove(plan, log, lambda *_: None)
        after = _state(folder)

        assert outcome.left == []
        assert outcome.moved == len(steps) == len(before) - len(after)
        contents = album.contents(matching)
        kept = [i for i, file in enumerate(album.files) if file.relative.replace(os.sep, "/") in after]
        ballot = Ballot(matching.threshold, matching.quorum)
        for i, file in enumerate(album.files):
            if i in kept:
                continue
            # Asked anew, of these two alone: do they form a group?
            groups = [len(arrange([contents[i], contents[k]], ballot, verify=matching.verify).groups) for k in kept]
            assert any(groups), f"nothing like {file.relative} was kept"
        digests = {digest for digest, *_ in before.values()}
        readable = {one.sha256 for one in album.readings if isinstance(one, Picture)}
        assert digests - readable <= {digest for digest, *_ in after.values()}, "an unreadable file is gone"

        restored = undoing.restore(Log.load(log.path), lambda *_: None)
        if way == removing.BACKUP:
            assert restored.lost == []
            assert _state(folder) == before
            assert [path for path in backup.rglob("*") if path.is_file()] == []
            again = undoing.restore(Log.load(log.path), lambda *_: None)
            assert (again.files, again.lost) == ([], [])
        else:
            assert len(restored.lost) == len(steps)
            assert _state(folder) == after


@pytest.mark.parametrize("moves", range(4))
def test_a_removal_that_stopped_anywhere_is_undone(tmp_path: Path, store: Store, moves: int) -> None:
    """The log holds all moves before the first: nothing that a kill leaves behind is unknown to it."""
    folder = tmp_path / "photos"
    folder.mkdir()
    _fill(folder, {"a.jpg": 0, "b.png": 1, "d/a.jpg": 2, "x.jpg": 3}, [])
    before = _state(folder)
    matching = Matching(("ahash", "phash", "dhash"), 8, 20, 2, verify=True, orientations=())
    plan = _plan(*_look(folder, store, matching), keep="largest")
    steps = removing.steps_of(plan, removing.BACKUP, tmp_path / "backup")
    assert len(steps) == 3
    log = Log.create(tmp_path, "test", removing.BACKUP, steps)
    for step in steps[:moves]:  # moved, and not yet noted
        Path(str(step.target)).parent.mkdir(parents=True, exist_ok=True)
        Path(step.source).rename(str(step.target))
    if moves < 3:  # the name was taken, and nothing moved there yet
        Path(str(steps[moves].target)).parent.mkdir(parents=True, exist_ok=True)
        Path(str(steps[moves].target)).touch()
    with log.path.open("ab") as stream:
        stream.write(b'{"step": 1, "beca')  # cut off by the crash
    undone = undoing.restore(Log.load(log.path), lambda *_: None)
    assert undone.lost == []
    assert len(undone.files) == moves
    assert _state(folder) == before
