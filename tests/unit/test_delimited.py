"""A csv is reordered without writing a byte of a record anew."""

import csv
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import AccessRefused, SheetChanged, Unsortable
from sheets import a1
from sheets.delimited import DelimitedWorksheet, join, split, value_of
from sheets.rows import Scope
from sheets.worksheet import Move

field = st.one_of(
    st.text("ab ,\"'=é\n\r", max_size=6).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text("abc:/=é", max_size=6),
)
line_end = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def files(draw):
    records = draw(st.lists(st.lists(field, min_size=1, max_size=5), max_size=8))
    text = "".join(",".join(record) + draw(line_end) for record in records)
    text += draw(st.sampled_from(["", "last,record"]))
    bom, encoding = draw(st.sampled_from([(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")]))
    return bom + text.encode(encoding)


@given(files(), st.sampled_from([".csv", ".tsv"]))
def test_taking_a_file_apart_and_joining_it_gives_the_same_bytes(data: bytes, suffix: str) -> None:
    try:
        table = split(data, suffix)
    except Unsortable:  # quotes of a csv read as a tsv may not close
        return
    assert join(table, table.records) == data


@given(st.lists(st.lists(st.text('ab,"\n é', max_size=5), min_size=2, max_size=4), min_size=1, max_size=6))
def test_fields_are_what_the_standard_library_reads(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    table = split(stream.getvalue().encode(), ".csv")
    if table.delimiter == ",":
        assert [[value_of(raw) for raw in record] for record in table.records] == rows


@given(files(), st.randoms(use_true_random=False), st.sampled_from([Scope.WHOLE_ROWS, Scope.RANGE_ONLY]))
def test_a_move_and_its_inverse_give_the_file_back_byte_for_byte(tmp_path_factory, data, chance, scope) -> None:
    """With --range-only this holds where no column follows the range; else short rows keep their padding."""
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    path.write_bytes(data)
    worksheet = DelimitedWorksheet(path, backup=False)
    area = a1.parse("A1:F")
    try:
        rows = worksheet.read(area, scope)
    except Unsortable:
        return
    order = list(range(len(rows)))
    chance.shuffle(order)
    try:
        worksheet.reorder(Move(area, scope, rows, tuple(order), "there", force=True))
    except Unsortable:  # mixed line ends may run together; then nothing was written
        assert path.read_bytes() == data
        return
    after = worksheet.read(area, scope, at_least=len(rows))
    assert after.cells == tuple(rows.cells[source] for source in order)
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    worksheet.reorder(Move(area, scope, after, back, "back", force=True))
    assert path.read_bytes() == data


@given(files(), st.randoms(use_true_random=False), st.sampled_from(["A1:A", "A1:B", "B1:C", "C1:C"]))
def test_a_range_moves_its_fields_byte_for_byte_and_no_other(tmp_path_factory, data, chance, text) -> None:
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    path.write_bytes(data)
    worksheet = DelimitedWorksheet(path, backup=False)
    area, everything = a1.parse(text), a1.parse("A1:F")
    try:
        rows = worksheet.read(area, Scope.RANGE_ONLY)
    except Unsortable:
        return
    order = list(range(len(rows)))
    chance.shuffle(order)
    before = [list(row) for row in worksheet.read(everything, Scope.RANGE_ONLY, at_least=9).cells]
    try:
        worksheet.reorder(Move(area, Scope.RANGE_ONLY, rows, tuple(order), "run", force=True))
    except Unsortable:
        assert path.read_bytes() == data
        return
    after = worksheet.read(everything, Scope.RANGE_ONLY, at_least=9).cells
    columns = slice(area.first_column, area.last_column + 1)
    expected = [list(row) for row in before]
    for place, source in enumerate(order):
        expected[place][columns] = before[source][columns]
    assert [[cell or "" for cell in row] for row in after] == [[cell or "" for cell in row] for row in expected]


def reorder(path: Path, area: str, order: tuple[int, ...], scope: Scope, **options) -> str:
    worksheet = DelimitedWorksheet(path, **options)
    parsed = a1.parse(area)
    return worksheet.reorder(Move(parsed, scope, worksheet.read(parsed, scope), order, "run"))


def test_records_keep_their_quoting_and_the_file_its_missing_final_newline(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'\xef\xbb\xbfurl;label\r\n"u""1";"a\r\nb"\r\nu2 ;c\r\nu3;"d"')
    reorder(path, "A2:B", (2, 0, 1), Scope.RANGE)
    assert path.read_bytes() == b'\xef\xbb\xbfurl;label\r\nu3;"d"\r\n"u""1";"a\r\nb"\r\nu2 ;c'


def test_a_backup_lies_beside_the_file_and_the_mode_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"u1,a\nu2,b\n")
    path.chmod(0o640)
    said = reorder(path, "A1:B", (1, 0), Scope.RANGE)
    (backup,) = tmp_path.glob("rows.backup-*.csv")
    assert backup.name in said
    assert backup.read_bytes() == b"u1,a\nu2,b\n"
    assert path.read_bytes() == b"u2,b\nu1,a\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(tmp_path.iterdir()) == sorted([path, backup])


@pytest.mark.parametrize("lock", ["~$rows.csv", ".~lock.rows.csv#"])
def test_a_file_that_is_open_elsewhere_is_refused(tmp_path: Path, lock: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"u1\nu2\n")
    (tmp_path / lock).touch()
    with pytest.raises(AccessRefused) as refused:
        reorder(path, "A1:A", (1, 0), Scope.RANGE)
    assert lock in refused.value.what
    assert path.read_bytes() == b"u1\nu2\n"


def test_an_announced_separator_stays_first_and_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"sep=;\r\nurl;n\r\nu1;1\r\nu2;2\r\n")
    reorder(path, "A2:B", (1, 0), Scope.RANGE)
    assert path.read_bytes() == b"sep=;\r\nurl;n\r\nu2;2\r\nu1;1\r\n"


def test_an_edit_saved_while_the_new_file_is_written_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"u1,a\nu2,b\n")
    worksheet = DelimitedWorksheet(path)
    area = a1.parse("A1:B")
    move = Move(area, Scope.RANGE, worksheet.read(area, Scope.RANGE), (1, 0), "run")

    @contextmanager
    def meanwhile() -> Iterator[None]:
        path.write_bytes(b"u1,typed\nu2,b\n")
        yield

    with pytest.raises(SheetChanged):
        worksheet.reorder(move, committing=meanwhile)
    assert path.read_bytes() == b"u1,typed\nu2,b\n"
    assert list(tmp_path.iterdir()) == [path]


def test_records_that_would_run_together_in_another_order_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    data = b"u1\ru2\n\nu3\n"
    path.write_bytes(data)
    with pytest.raises(Unsortable, match="would not read the same"):
        reorder(path, "A1:A", (0, 2, 1, 3), Scope.RANGE)
    assert path.read_bytes() == data


@pytest.mark.parametrize("first", [2001, 45000])
def test_years_and_dates_beside_the_range_are_no_row_numbers(tmp_path: Path, first: int) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"u{i},{first + i}\n" for i in range(4)))
    (obstacle,) = DelimitedWorksheet(path).read(a1.parse("A1:A"), Scope.RANGE).obstacles
    assert "Column B (values)" in obstacle.what


def test_a_read_only_file_is_an_obstacle_before_any_work(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("u1\nu2\n")
    path.chmod(0o444)
    (obstacle,) = DelimitedWorksheet(path).read(a1.parse("A1:A"), Scope.RANGE).obstacles
    assert "read-only" in obstacle.what


def test_formulas_that_would_have_to_be_rewritten_are_an_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"u1,=A1\nu2,=A2\n")
    (obstacle,) = DelimitedWorksheet(path).read(a1.parse("A1:B"), Scope.RANGE).obstacles
    assert obstacle.yields_to_force
    assert "B1, B2" in obstacle.what


def test_a_blank_line_that_goes_last_in_a_file_without_final_newline_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"u1\n\nu2")
    worksheet = DelimitedWorksheet(path, backup=False)
    area = a1.parse("A1:A")
    worksheet.reorder(Move(area, Scope.RANGE, worksheet.read(area, Scope.RANGE), (0, 2, 1), "there"))
    assert path.read_bytes() == b"u1\nu2\n"
    rows = worksheet.read(area, Scope.RANGE, at_least=3)
    worksheet.reorder(Move(area, Scope.RANGE, rows, (0, 2, 1), "back"))
    assert path.read_bytes() == b"u1\n\nu2"


def test_an_unclosed_quote_is_named_by_its_record(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'u1,a\nu2,"b\nu3,c\n')
    with pytest.raises(Unsortable, match="record 2"):
        DelimitedWorksheet(path).read(a1.parse("A1:B"), Scope.RANGE)


@pytest.mark.parametrize(
    ("data", "delimiter"),
    [
        (b"url,label\nhttps://x/a;b,c\n", ","),
        (b"url;label\nhttps://x/a,b;c\nhttps://y;d\n", ";"),
        (b"url\tlabel\nhttps://x/a,b\tc\n", "\t"),
        (b"sep=|\nurl|label\n", "|"),
        (b"x.jpg;0,1\ny.jpg;0,2\n", ";"),
        (b'x.jpg;"4,1 kg\nb,1"\n', ";"),
        (b"https://x/a\nhttps://x/b,c\nhttps://x/d\n", ","),
    ],
)
def test_the_delimiter_is_found(data: bytes, delimiter: str) -> None:
    assert split(data, ".csv").delimiter == delimiter
