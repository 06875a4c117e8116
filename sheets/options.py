"""What -s, -w and -r on a command line mean for every command that reads a sheet."""

import argparse
import re
from pathlib import Path

from errors import UsageError
from sheets import a1
from sheets.a1 import Area
from sheets.opening import is_local


def area_of(options: argparse.Namespace) -> Area:
    """Return the range that -r names; a tab before its `!` becomes the value of -w. Raises `UsageError`."""
    for given, name in ((options.spreadsheet, "-s SPREADSHEET"), (options.range, "-r RANGE")):
        if not given:
            raise UsageError(
                f"{name} is missing.", 'For example: -s foods.xlsx -r B2:C, or -s "example" -w "Sheet1" ...'
            )
    area = a1.parse(options.range)
    if area.worksheet is not None:
        if options.worksheet not in (None, area.worksheet):
            raise UsageError(
                f"-r names the tab {area.worksheet!r} and -w the tab {options.worksheet!r}.", "Name one of them."
            )
        options.worksheet = area.worksheet
    return area


def column(text: str) -> int:
    """Read the letters of a column as the value of an option; return its 0-based index."""
    if re.fullmatch(r"[A-Za-z]{1,3}", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a column such as D")
    return a1.column_index(text)


def base_folder_of(options: argparse.Namespace) -> Path | None:
    """Return the folder whose pictures the rows may name by path: a local workbook's own; a Google Sheet has none."""
    if is_local(options.spreadsheet):
        return Path(options.spreadsheet).resolve().parent
    if options.allow_files:
        raise UsageError("--allow-files is for local workbooks; a Google Sheet cannot name files.", "Leave it away.")
    return None
