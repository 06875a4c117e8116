"""Local pictures: which paths a workbook may name, and their bytes."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from images.results import Problem
from images.targets import path_like


def find_file(  # noqa: PLR0911  (each way out is another sentence)
    text: str, base_folder: Path | None, allow_files: Sequence[Path]
) -> Path | Problem:
    """Return the real path of the file that a cell's text names, or why it may or can not be read.

    A path counts from `base_folder`; with symbolic links followed it must lie in there or in one of
    `allow_files`. Whether a refused path exists is not looked at.
    """
    spelled = _spelled(text)
    if isinstance(spelled, Problem):
        return spelled
    if base_folder is None:
        outside = (
            Path(spelled).is_absolute() or spelled.startswith((".", "/", "~", "\\")) or spelled[1:3] in {":\\", ":/"}
        )
        return _refused_online() if outside or text.lower().startswith("file:") else _no_url()
    if spelled.startswith(("\\\\", "//")):  # a Windows share: looking at it would already talk to its server
        return _refused(text)
    roots = [base_folder, *allow_files]
    for spelling in dict.fromkeys((spelled, spelled.replace("\\", "/"))):
        found = _inside(base_folder / spelling, roots, text)
        if isinstance(found, Problem) or found.exists():
            break
    if isinstance(found, Problem):
        return found
    if found.is_file():
        return found
    if found.exists():
        return Problem("file_not_found", f"{text} is not a file.")
    return Problem("file_not_found", f"There is no file {text}.") if path_like(text) else _no_url()


def read_file(path: Path, max_bytes: int) -> bytes | Problem:
    """Return the bytes of a file, or why they can not be read."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return Problem("file_not_found", f"{path.name} is not a file.")
            content = file.read(max_bytes + 1)
    except OSError as error:
        return Problem("file_not_found", f"{path.name} can not be read ({error.strerror or type(error).__name__}).")
    return content if len(content) <= max_bytes else too_large(max_bytes)


def too_large(max_bytes: int) -> Problem:
    """Return the failure of a document above the limit."""
    return Problem("too_large", f"The document is larger than {max_bytes / 2**20:g} MB.")


def _spelled(text: str) -> str | Problem:
    if "\0" in text:
        return _no_url()
    if not text.lower().startswith("file:"):
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return _no_url()
    if parts.netloc.lower() not in {"", "localhost"}:
        return _refused(text)
    path = unquote(parts.path)
    return path[1:] if path[2:3] == ":" else path  # file:///C:/cat.jpg


def _inside(path: Path, roots: Sequence[Path], text: str) -> Path | Problem:
    try:
        real = path.resolve()
        if any(real.is_relative_to(root.resolve()) for root in roots):
            return real
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name the system cannot hold
        return Problem("file_not_found", f"There is no file {text}.") if path_like(text) else _no_url()
    return _refused(text)


def _refused(text: str) -> Problem:
    reason = f"{text} is outside the workbook's folder; --allow-files DIR would allow it."
    return Problem("refused_path", reason)


def _refused_online() -> Problem:
    return Problem("refused_path", "A Google Sheet may not name files of this computer.")


def _no_url() -> Problem:
    return Problem("not_a_url", "The cell does not hold an address.")
