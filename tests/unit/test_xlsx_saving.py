"""A workbook is replaced whole, by its owner's leave, with the old one beside it."""

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest

from errors import AccessRefused, NotFound, SheetChanged
from sheets import a1
from sheets.rows import Scope
from sheets.worksheet import Move
from sheets.xlsx import XlsxWorksheet
from tests.unit.xlsx_parts import SHEET, reorder, rows_of, sheet, text, write


@pytest.fixture
def foods(tmp_path: Path) -> Path:
    rows = rows_of(text("B1", "url"), text("B2", "https://a.example/"), text("B3", "https://b.example/"))
    return write(tmp_path / "foods.xlsx", {SHEET: sheet(rows)})


def planned(path: Path) -> tuple[XlsxWorksheet, Move]:
    worksheet = XlsxWorksheet.open(path, None, backup=False)
    area = a1.parse("B2:B")
    return worksheet, Move(area, Scope.RANGE, worksheet.read(area, Scope.RANGE), (1, 0), "run")


def test_the_old_workbook_is_kept_beside_the_new_one_and_never_overwritten(foods: Path) -> None:
    old = foods.read_bytes()
    line = reorder(foods, (1, 0), "B2:B", backup=True)
    newer = foods.read_bytes()
    reorder(foods, (1, 0), "B2:B", backup=True)
    backups = sorted(foods.parent.glob("foods.backup-*.xlsx"))
    assert {backup.read_bytes() for backup in backups} == {old, newer}
    assert line == f'B2:B3 of "Sheet1" in foods.xlsx (backup: {min(backups, key=lambda path: len(path.name)).name})'


def test_without_backup_nothing_is_left_beside(foods: Path) -> None:
    assert reorder(foods, (1, 0), "B2:B") == 'B2:B3 of "Sheet1" in foods.xlsx'
    assert [path.name for path in foods.parent.iterdir()] == ["foods.xlsx"]


def test_a_workbook_open_in_excel_is_refused_with_the_name_of_the_person(foods: Path) -> None:
    name = "Ada Example"
    lock = bytes([len(name)]) + name.encode().ljust(54) + len(name).to_bytes(2, "little") + name.encode("utf-16-le")
    (foods.parent / "~$foods.xlsx").write_bytes(lock.ljust(165))
    with pytest.raises(AccessRefused, match=r"foods.xlsx is open in Excel by Ada Example \(it keeps .*~\$foods.xlsx"):
        reorder(foods, (1, 0), "B2:B")


def test_a_workbook_open_in_libreoffice_is_an_obstacle_to_a_sort_but_not_to_reading(foods: Path) -> None:
    (foods.parent / ".~lock.foods.xlsx#").write_text("Ada Example,ada,desk,21.11.2026 10:00,file:///home/ada;")
    rows = XlsxWorksheet.open(foods, None).read(a1.parse("B2:B"), Scope.RANGE)
    assert rows.urls == ("https://a.example/", "https://b.example/")
    assert rows.obstacles[0].what.startswith("foods.xlsx is open in LibreOffice by Ada Example on desk")
    with pytest.raises(AccessRefused):
        reorder(foods, (1, 0), "B2:B")


def test_urls_that_changed_stop_the_write(foods: Path) -> None:
    worksheet, move = planned(foods)
    rows = rows_of(text("B1", "url"), text("B2", "https://new.example/"), text("B3", "https://b.example/"))
    write(foods, {SHEET: sheet(rows)})
    with pytest.raises(SheetChanged, match=r"foods\.xlsx was changed"):
        worksheet.reorder(move)


def test_a_label_typed_meanwhile_moves_with_its_row(foods: Path) -> None:
    worksheet = XlsxWorksheet.open(foods, None, backup=False)
    area = a1.parse("B2:C")
    move = Move(area, Scope.RANGE, worksheet.read(area, Scope.RANGE), (1, 0), "run")
    book = openpyxl.load_workbook(foods)
    book.active["C3"] = "label"
    book.save(foods)
    worksheet.reorder(move)
    assert openpyxl.load_workbook(foods).active["C2"].value == "label"


class Interrupted(XlsxWorksheet):
    """A worksheet to which something happens between the check of the new workbook and its writing."""

    happening: Callable[[], object]

    def _verify(self, expected: dict[tuple[int, int], Hashable], data: bytes, move: Move) -> None:
        super()._verify(expected, data, move)
        self.happening()


def test_a_change_in_the_last_moment_stops_the_write_and_leaves_no_backup(foods: Path) -> None:
    _, move = planned(foods)
    changed = foods.read_bytes() + b"more"
    worksheet = Interrupted(foods, "Sheet1", backup=True)
    worksheet.happening = lambda: foods.write_bytes(changed)
    with pytest.raises(SheetChanged):
        worksheet.reorder(move)
    assert foods.read_bytes() == changed
    assert [path.name for path in foods.parent.iterdir()] == ["foods.xlsx"]


def test_a_workbook_that_is_opened_in_the_last_moment_is_left_alone(foods: Path) -> None:
    _, move = planned(foods)
    before = foods.read_bytes()
    worksheet = Interrupted(foods, "Sheet1", backup=True)
    worksheet.happening = (foods.parent / "~$foods.xlsx").touch
    with pytest.raises(AccessRefused, match="open in Excel"):
        worksheet.reorder(move)
    assert foods.read_bytes() == before


def test_a_file_that_vanished_is_not_found(foods: Path) -> None:
    worksheet, move = planned(foods)
    foods.unlink()
    with pytest.raises(NotFound, match="no file"):
        worksheet.reorder(move)


def test_a_read_only_file_is_refused(foods: Path) -> None:
    foods.chmod(0o444)
    before = foods.read_bytes()
    with pytest.raises(AccessRefused, match="read-only"):
        reorder(foods, (1, 0), "B2:B", backup=True)
    assert foods.read_bytes() == before
    assert [path.name for path in foods.parent.iterdir()] == ["foods.xlsx"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither modes nor links without privileges")
def test_links_are_followed_and_modes_kept(foods: Path, tmp_path: Path) -> None:
    foods.chmod(0o640)
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.xlsx"
    link.symlink_to(foods)
    reorder(link, (1, 0), "B2:B")
    assert link.is_symlink()
    assert foods.stat().st_mode & 0o777 == 0o640
    assert openpyxl.load_workbook(foods).active["B2"].value == "https://b.example/"


def test_the_lock_of_a_linked_workbook_lies_beside_the_real_file(foods: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.xlsx"
    try:
        link.symlink_to(foods)
    except OSError as error:
        pytest.skip(f"no links here: {error}")
    (foods.parent / "~$foods.xlsx").touch()
    with pytest.raises(AccessRefused, match="open in Excel"):
        reorder(link, (1, 0), "B2:B")


def test_the_write_is_announced_once_and_only_around_the_replacement(foods: Path) -> None:
    worksheet, move = planned(foods)
    before = foods.read_bytes()
    seen = []

    @contextmanager
    def committing() -> Iterator[None]:
        seen.append(foods.read_bytes() == before)
        yield
        seen.append(foods.read_bytes() == before)

    worksheet.reorder(move, committing=committing)
    assert seen == [True, False]


def test_whether_a_move_landed_is_unknown_to_a_file(foods: Path) -> None:
    assert XlsxWorksheet.open(foods, None).landed("run") is None
