"""Carry out a plan: each file is looked at once more, moved away, and its keeper looked at again."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cleaning import trash
from cleaning.log import LEFT, MOVED, Log, Step
from cleaning.moving import free_name, make_folder, move_new
from cleaning.plan import Candidate, Plan
from errors import StateError, UsageError
from images.files import digest_of
from images.folder import File, Marks

TRASH: Final = "trash"
BACKUP: Final = "backup"
PERMANENTLY: Final = "permanently"


@dataclass(slots=True)
class Outcome:
    """What became of a plan: how many names were moved, and what was left with the reason."""

    moved: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


def steps_of(plan: Plan, way: str, backup: Path | None) -> list[Step]:
    """Return one step for each name that is to disappear, in the order of the plan; paths are absolute."""
    taken: set[str] = set()
    label = _labels([file.root for file in _names(plan)])
    steps = []
    for choice in plan.choices:
        kept = os.path.abspath(choice.keeper.file.path)  # noqa: PTH100  (names in any encoding)
        for one in choice.removed:
            for name in one.file.names:
                source = os.path.abspath(name.path)  # noqa: PTH100
                target: str | None = None
                if way == PERMANENTLY:
                    # In the same folder, hidden from the next run, and short whatever the name was.
                    target = os.path.join(os.path.dirname(source), f".{secrets.token_hex(8)}.removed")  # noqa: PTH118, PTH120
                elif backup is not None:
                    below = os.path.join(label[name.root], name.relative)  # noqa: PTH118
                    target = free_name(os.path.join(os.path.abspath(backup), below), taken)  # noqa: PTH100, PTH118
                steps.append(Step(source, target, one.sha256, one.file.marks, kept))
    return steps


def check_outside(steps: Sequence[Step], folders: Sequence[Path]) -> None:
    """Raise `UsageError` where a backup would lie in what is looked at: nothing would have been removed."""
    roots = [folder.resolve() for folder in folders]
    parents = {os.path.dirname(step.target) for step in steps if step.target is not None}  # noqa: PTH120
    for parent in sorted(parents):
        real = Path(os.path.realpath(parent))
        if any(real.is_relative_to(root) for root in roots):
            raise UsageError(
                f"The backup would lie in {parent}, which is in a folder that is looked at.",
                "Name a folder of its own with --backup.",
            )


def remove(plan: Plan, log: Log, progress: Callable[[int, int], None]) -> Outcome:
    """Move what the log's steps say, in their order; what changed since it was read is left where it is.

    Raises `StateError` when the log cannot be written or when a keeper disappeared with what was removed.
    """
    outcome = Outcome()
    number = 0
    for choice in plan.choices:
        trouble = _trouble(choice.keeper)
        for one in choice.removed:
            reason = f"its keeper {choice.keeper.file.path} {trouble}" if trouble else _trouble(one)
            for name in one.file.names:
                try:
                    if not reason:
                        _remove(log, number, name, choice.keeper.file)
                        outcome.moved += 1
                    else:
                        outcome.left.append((name.path, reason))
                        log.note(number, LEFT, reason)
                except OSError as error:
                    why = f"cannot be moved ({error.strerror or error})"
                    outcome.left.append((name.path, why))
                    log.note(number, LEFT, why)
                number += 1
            progress(number, len(log.steps))
    return outcome


def _remove(log: Log, number: int, name: File, keeper: File) -> None:
    step = log.steps[number]
    if not _is_same(name.path, step.marks):
        raise OSError(0, "it changed since it was read")
    if os.path.realpath(os.path.dirname(name.path)) != _real_folder(name):  # noqa: PTH120
        raise OSError(0, "its folder is a link now")
    if step.target is None:
        trash.put(step.source)
    else:
        make_folder(os.path.dirname(step.target))  # noqa: PTH120
        try:
            move_new(step.source, step.target)
        except FileExistsError:
            step = replace(step, target=free_name(step.target, set()))
            log.retarget(number, step)
            move_new(step.source, str(step.target))
    _check_keeper(log, number, keeper)
    if step.target is None and MOVED not in log.became.values():
        _check_trash(log, number)
    if log.way == PERMANENTLY and step.target is not None:
        os.unlink(step.target)  # noqa: PTH108
    log.note(number, MOVED)


def _check_trash(log: Log, number: int) -> None:
    """Raise `StateError` when the first file of a run is not found in the trash: nothing more would come back."""
    step = log.steps[number]
    if trash.Trash([step.source]).find(step.sha256, step.marks) is not None:
        return
    log.note(number, MOVED)
    raise StateError(
        f"{step.source} went to the trash, but is not found there, so that --undo could not bring it back."
        " The removal stopped there; its near-duplicate is where it was.",
        "Name a folder with --backup. On macOS the terminal needs Full Disk Access (System Settings, Privacy) to look"
        " into the trash.",
    )


def _check_keeper(log: Log, number: int, keeper: File) -> None:
    """Raise `StateError`, with the file back in its place, when the keeper went away together with it.

    One disk that is mounted twice shows one file twice, and nothing but this tells.
    """
    if _is_same(keeper.path, keeper.marks):
        return
    step = log.steps[number]
    found = trash.Trash([step.source]).find(step.sha256, step.marks) if step.target is None else step.target
    if found is not None:
        with contextlib.suppress(OSError):
            move_new(found, step.source)
            log.note(number, LEFT, "its keeper disappeared")
    raise StateError(
        f"{keeper.path} changed or disappeared while {step.source} was removed: are both one file?"
        " Or does something else remove files at the same time?",
        f"The removal stopped there. What was removed before it is in the log: --undo {log.path}",
    )


def _trouble(one: Candidate) -> str:
    """Return why a file is not what was read, "" when it still is, byte for byte."""
    found = digest_of(one.file.path)
    if found is None:
        return "is gone or cannot be read"
    return "" if found[0] == one.sha256 and found[1].same_file(one.file.marks) else "changed since it was read"


def _is_same(path: str, marks: Marks) -> bool:
    try:
        return Marks.of(os.lstat(path)).same_file(marks)
    except OSError:
        return False


def _real_folder(file: File) -> str:
    below = os.path.dirname(file.relative)  # noqa: PTH120
    root = os.path.realpath(file.root)
    return os.path.join(root, below) if below else root  # noqa: PTH118


def _names(plan: Plan) -> Iterator[File]:
    for choice in plan.choices:
        for one in choice.removed:
            yield from one.file.names


def _labels(roots: Sequence[str]) -> dict[str, str]:
    """Return a folder in the backup for each root: none where there is one root only, else its own name."""
    distinct = list(dict.fromkeys(roots))
    if len(distinct) == 1:
        return {distinct[0]: ""}
    taken: set[str] = set()
    labels: dict[str, str] = {}
    for root in distinct:
        name = os.path.basename(os.path.realpath(root)) or "root"  # noqa: PTH119
        label, number = name, 1
        while label.casefold() in taken:
            number += 1
            label = f"{name} ({number})"
        taken.add(label.casefold())
        labels[root] = label
    return labels
