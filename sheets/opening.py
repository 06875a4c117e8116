"""Which back-end a spreadsheet's name means, and the worksheet behind it."""

from pathlib import Path

from errors import NotFound, UsageError
from sheets.delimited import DelimitedWorksheet
from sheets.worksheet import Identity, Worksheet

_LOCAL = {".xlsx", ".csv", ".tsv"}
# Formats that people have and that look alike: name the way out instead of asking Google for such a title.
_FOREIGN = {".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".txt"}


def is_local(spreadsheet: str) -> bool:
    """Say whether `-s` names a file on this machine, by its suffix.

    >>> is_local("foods.xlsx"), is_local("example")
    (True, False)
    """
    return Path(spreadsheet).suffix.lower() in _LOCAL


def open_worksheet(
    spreadsheet: str,
    worksheet: str | None,
    credentials: Path | None,
    *,
    read_only: bool = False,
    backup: bool = True,
) -> Worksheet:
    """Open one tab of a Google Sheet (title, key or URL) or of a local .xlsx, .csv or .tsv file.

    `worksheet` may be None where there is only one tab. `backup` keeps a copy beside a local file that is
    replaced. Raises `UsageError`, `NotFound`, `AccessRefused` or `ServiceFailed`.
    """
    path = Path(spreadsheet)
    suffix = path.suffix.lower()
    if is_local(spreadsheet):
        return _open_local(path, suffix, worksheet, backup=backup)
    if suffix in _FOREIGN and (credentials is None or _exists(path)):
        raise UsageError(
            f"{spreadsheet} is not a format that can be reordered without loss.",
            "Save it as .xlsx (one tab of a workbook) or .csv, and name that file.",
        )
    if credentials is None and (near := _files_called(path)):
        raise UsageError(
            f"{spreadsheet!r} would be the title of a Google Sheet, and -a names no credentials.",
            f"Did you mean the file {near}?",
        )
    from sheets.google import GoogleWorksheet  # noqa: PLC0415 - its clients take half a second to import

    return GoogleWorksheet.open(spreadsheet, worksheet, credentials, read_only=read_only)


def worksheet_titles(spreadsheet: str, credentials: Path | None) -> tuple[str, ...]:
    """Return the titles of all tabs with cells that are not hidden, in their order; errors as in `open_worksheet`."""
    path = Path(spreadsheet)
    if path.suffix.lower() == ".xlsx":
        from sheets.xlsx import XlsxWorksheet  # noqa: PLC0415 - a csv needs no XML parser

        return XlsxWorksheet.visible_titles(path)
    if is_local(spreadsheet):
        raise UsageError(f"{path.name} has no tabs, so -w names nothing in it.", "Leave -w away.")
    from sheets.google import GoogleWorksheet  # noqa: PLC0415 - its clients take half a second to import

    return GoogleWorksheet.visible_titles(spreadsheet, credentials)


def reopen(identity: Identity, credentials: Path | None, *, backup: bool = True) -> Worksheet:
    """Open the worksheet that an earlier run wrote to, by its keys: titles may have changed since."""
    if identity.kind == "google":
        url = f"https://docs.google.com/spreadsheets/d/{identity.key}/edit#gid={identity.worksheet_key}"
        return open_worksheet(url, None, credentials)
    if not _exists(Path(identity.key)):
        raise NotFound(f"{identity.key} is no longer there.", "If it was moved or renamed, name its new place with -s.")
    return open_worksheet(identity.key, identity.worksheet_key or None, None, backup=backup)


def _files_called(path: Path) -> str:
    """Return the files that a name without its suffix may mean, as a phrase; "" for none."""
    if _is_folder(path):
        return f"in the folder {path}" if path.name else "in this folder"
    names = [f"{path}{suffix}" for suffix in sorted(_LOCAL)]
    return " or ".join(name for name in names if _exists(Path(name)))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder on the way may not be looked into; reading the file will say so
        return True


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _open_local(path: Path, suffix: str, worksheet: str | None, *, backup: bool) -> Worksheet:
    if _is_folder(path):
        raise NotFound(f"{path} is a folder.", "Name the .xlsx, .csv or .tsv file in it.")
    if suffix == ".xlsx":
        from sheets.xlsx import XlsxWorksheet  # noqa: PLC0415 - a csv needs no XML parser

        return XlsxWorksheet.open(path, worksheet, backup=backup)
    if worksheet is not None:
        raise UsageError(f"{path.name} has no tabs, so -w {worksheet!r} names nothing in it.", "Leave -w away.")
    return DelimitedWorksheet(path, backup=backup)
