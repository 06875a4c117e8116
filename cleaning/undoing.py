"""Bring back what a removal moved: each file to its old place, unless something else took that place."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from cleaning.log import LEFT, MOVED, RESTORED, RESTORING, Log, Step
from cleaning.moving import make_folder, move_new, part_of
from cleaning.removing import PERMANENTLY
from cleaning.trash import Trash
from images.files import digest_of


@dataclass(slots=True)
class Restored:
    """What came back, what was in its place already, and what could not be restored with the reason."""

    files: list[str] = field(default_factory=list)
    already: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)


def restore(log: Log, progress: Callable[[int, int], None], *, dry_run: bool = False) -> Restored:
    """Undo the steps of a log, the last one first; what is found is compared byte for byte before it moves."""
    done = Restored()
    trash = Trash([step.source for step in log.steps if step.target is None])
    for count, number in enumerate(reversed(range(len(log.steps))), 1):
        _restore(log, number, trash, done, dry_run=dry_run)
        progress(count, len(log.steps))
    return done


def _restore(log: Log, number: int, trash: Trash, done: Restored, *, dry_run: bool) -> None:
    step, became = log.steps[number], log.became.get(number)
    if became == RESTORED or _holds(step.source, step.sha256):
        done.already += 1
        if not dry_run:
            _tidy(log, step)
        return
    found = _where(step, trash)
    if found is None:
        if became == LEFT:  # nothing of ours happened to it
            done.already += 1
        else:
            done.lost.append((step.source, _why_lost(log, became)))
        return
    try:
        if os.path.lexists(step.source) and not (became == RESTORING and os.lstat(step.source).st_size == 0):
            done.lost.append((step.source, f"another file has its place; it lies in {found}"))
            return
        if not dry_run:
            _bring_back(log, number, found, trash)
        done.files.append(step.source)
    except OSError as error:
        done.lost.append((step.source, f"cannot be moved from {found} ({error.strerror or error})"))


def _bring_back(log: Log, number: int, found: str, trash: Trash) -> None:
    step = log.steps[number]
    if os.path.lexists(step.source):  # the empty file with which an interrupted restoring took the name
        os.unlink(step.source)  # noqa: PTH108  (names in any encoding)
    make_folder(os.path.dirname(step.source))  # noqa: PTH120
    log.note(number, RESTORING)
    if step.target is None:
        trash.restore(found, step.source)
    else:
        move_new(found, step.source)
    log.note(number, RESTORED)


def _tidy(log: Log, step: Step) -> None:
    """Remove what a crash in a move left beside the whole file; names that nobody else can have had."""
    if step.target is None:
        return
    left = [part_of(step.target), part_of(step.source)]
    with contextlib.suppress(OSError):
        if log.way == PERMANENTLY and os.lstat(step.target).st_size == 0:
            left.append(step.target)
    for path in left:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def _where(step: Step, trash: Trash) -> str | None:
    if step.target is None:
        return trash.find(step.sha256, step.marks)
    return step.target if _holds(step.target, step.sha256) else None


def _why_lost(log: Log, became: str | None) -> str:
    if log.way == PERMANENTLY and became == MOVED:
        return "it was deleted permanently"
    return f"it is not in the {log.way} any more" if became else f"it is neither in its place nor in the {log.way}"


def _holds(path: str, sha256: str) -> bool:
    found = digest_of(path)
    return found is not None and found[0] == sha256
