"""LibreOffice draws the review columns of a workbook, and saves it so that they are found again.

Without a window it forgets every frozen row, whoever froze it; that the header is frozen is seen in the unit tests.
"""

import re
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from tests.unit.test_xlsx_columns import AREA, NAMES, made, review, review_off

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="NOT CHECKED: LibreOffice is not on this machine (Debian: apt-get install libreoffice-calc-nogui)",
)
BLUE, YELLOW = "#DDEAFA", "#FFF5D9"


def converted(folder: Path, path: Path, kind: str) -> Path:
    """What LibreOffice saves of a workbook as another kind of file."""
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
            "--convert-to", kind, "--outdir", folder / "out", path,
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return folder / "out" / f"{path.stem}.{kind}"


def test_groups_have_colours_in_turn_and_keepers_are_bold(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    page = converted(tmp_path, path, "html").read_text("utf-8")
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    drawn = [
        (re.findall(r'bgcolor="(#[0-9A-F]+)"', row, re.IGNORECASE), row.count("<b>"), row.count("<td")) for row in rows
    ]
    assert [(set(colours), len(colours)) for colours, _, _ in drawn] == [
        (set(), 0), ({BLUE}, 7), ({BLUE}, 7), ({YELLOW}, 7), ({YELLOW}, 7), (set(), 0),
    ]  # fmt: skip
    assert [bold > 0 for _, bold, _ in drawn] == [False, True, False, True, False, False]


def test_a_line_is_drawn_where_a_group_begins_and_decisions_have_a_drop_down(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    text = converted(tmp_path, path, "fods").read_text("utf-8")
    (choice,) = re.findall(r"<table:content-validation [^>]*>", text)
    assert "cell-content-is-in-list(&quot;keep&quot;;&quot;drop&quot;)" in choice and 'display-list="' in choice
    shown = re.findall(r'apply-style-name="([^"]+)"[^>]*formula-is\(([^>]*)"', text)
    assert len(shown) == 9
    styles = dict(re.findall(r'<style:style [^>]*style:display-name="([^"]+)"(.*?)</style:style>', text, re.DOTALL))
    for name, formula in shown:
        assert ("fo:border-top" in styles[name]) == ("&lt;&gt;" in formula or "LEN([.$D1])" in formula), formula


def test_what_libreoffice_has_saved_is_taken_away_as_well(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    saved = converted(tmp_path, path, "xlsx")
    book = openpyxl.load_workbook(saved)
    assert len(book.active.conditional_formatting) >= 1
    assert review_off(saved) == [""] * 5
    page = openpyxl.load_workbook(saved).active
    assert not page.conditional_formatting and not page.data_validations.dataValidation
    assert [[cell.value for cell in row][AREA.last_column + 1 :] for row in page.iter_rows()] == [
        [None] * (page.max_column - AREA.last_column - 1)
    ] * page.max_row
    assert NAMES[0] not in [cell.value for cell in page[1]]
