"""Whatever a small sheet holds: rows are permuted, the rest stays, and the inverse order gives everything back."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheets import a1
from sheets.formulas import on_row
from sheets.rows import Scope
from sheets.worksheet import Move
from sheets.xlsx import XlsxWorksheet
from sheets.xlsx.ranges import boxes
from tests.unit.xlsx_parts import MAIN, SHEET, attributes, inverse, reorder, root, rows_of, sheet, text, write

Cells = dict[tuple[int, str], tuple[str, ...]]


@st.composite
def cells(draw: st.DrawFn, row: int) -> str:
    """The cells A to E of a row; some blank, some only formats."""
    kinds = draw(st.lists(st.sampled_from("-ntfsbv"), min_size=5, max_size=5))
    made = ""
    for column, kind in zip("ABCDE", kinds, strict=True):
        at = f"{column}{row}"
        made += {
            "-": "",
            "n": f'<c r="{at}" s="1"><v>{draw(st.integers(0, 9))}</v></c>',
            "t": text(at, draw(st.sampled_from(["https://a.example/x", "cat", " "]))),
            "f": f'<c r="{at}"><f>G{row}&amp;$H$1</f><v>0</v></c>',
            "s": f'<c r="{at}" s="2"/>',
            "b": f'<c r="{at}" t="b"><v>1</v></c>',
            "v": f'<c r="{at}" t="e" vm="1"><v>#VALUE!</v></c>',
        }[kind]
    return made


@st.composite
def sheets(draw: st.DrawFn) -> str:
    """A sheet of up to eight rows, some of them not in the file, with rules and links over some of the cells."""
    lines = [draw(cells(row)) for row in range(1, draw(st.integers(2, 8)) + 1)]
    rows = rows_of(*lines)
    for number, line in enumerate(lines, start=1):
        if not line and draw(st.booleans()):
            rows = rows.replace(f'<row r="{number}"></row>', "")
    ranges = st.tuples(st.sampled_from("ABC"), st.integers(1, 9), st.sampled_from("CDE"), st.integers(1, 9)).map(
        lambda r: f"{r[0]}{min(r[1], r[3])}:{r[2]}{max(r[1], r[3])}"
    )
    rules = "".join(
        f'<dataValidation type="list" sqref="{" ".join(found)}"><formula1>"x"</formula1></dataValidation>'
        for found in draw(st.lists(st.lists(ranges, min_size=1, max_size=2), max_size=2))
    )
    links = "".join(
        f'<hyperlink ref="{column}{row}" location="A1"/>'
        for column, row in draw(st.sets(st.tuples(st.sampled_from("ABCDE"), st.integers(1, 9)), max_size=4))
    )
    after = f"<dataValidations>{rules}</dataValidations>" if rules else ""
    return sheet(rows, after=after + (f"<hyperlinks>{links}</hyperlinks>" if links else ""))


def found_in(path: Path) -> Cells:
    """Each cell by row and column, its formula as it would read on row 1, and what rules and links lie on it."""
    found: Cells = {}
    for cell in root(path).iter(f"{{{MAIN}}}c"):
        address = cell.attrib.pop("r")
        row = int(address[1:])
        parts = [f"{child.tag}{''.join(child.itertext())}" for child in cell if not child.tag.endswith("}f")]
        formulas = [on_row(child.text or "", row, 1) for child in cell if child.tag.endswith("}f")]
        if cell.attrib or parts or formulas:
            found[row, address[0]] = (str(sorted(cell.attrib.items())), *parts, *formulas)
    for tag, name in (("dataValidation", "sqref"), ("hyperlink", "ref")):
        for number, ranges in enumerate(attributes(path, tag, name)):
            label = f"{tag} {number}" if tag == "dataValidation" else tag
            for row, column in {
                (row, "ABCDE"[column])
                for one in boxes(ranges)
                for row in range(one.first_row, one.last_row + 1)
                for column in range(one.first_column, one.last_column + 1)
            }:
                found[row, column] = (*found.get((row, column), ()), label)
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), sheets(), st.sampled_from(["A1:E", "B2:C", "B1:B", "C2:E6"]), st.sampled_from(list(Scope)[1:]))
def test_rows_are_permuted_the_rest_stays_and_the_inverse_restores(
    data: st.DataObject, content: str, area: str, scope: Scope
) -> None:
    with TemporaryDirectory() as folder:
        path = write(Path(folder) / "a.xlsx", {SHEET: content})
        worksheet = XlsxWorksheet.open(path, None, backup=False)
        parsed = a1.parse(area)
        rows = worksheet.read(parsed, scope)
        order = tuple(data.draw(st.permutations(range(len(rows))), label="order"))
        before = found_in(path)
        new = {rows.first_row + source: rows.first_row + place for place, source in enumerate(order)}
        last = "E" if scope is Scope.WHOLE_ROWS else area.split(":")[1][0]
        first = "A" if scope is Scope.WHOLE_ROWS else area[0]
        expected = {
            (new.get(row, row) if first <= column <= last else row, column): held
            for (row, column), held in before.items()
        }
        worksheet.reorder(Move(parsed, scope, rows, order, "run", force=True))
        assert found_in(path) == expected
        after = worksheet.read(parsed, scope, at_least=len(rows))
        assert after.urls == tuple(rows.urls[source] for source in order)
        assert after.cells == tuple(rows.cells[source] for source in order)
        worksheet.reorder(Move(parsed, scope, after, inverse(order), "run", force=True))
        assert found_in(path) == before


def test_a_long_sheet_is_sorted_in_reasonable_time(tmp_path: Path) -> None:
    """The full size, 100,000 rows, is timed by benchmarks/xlsx_rows.py; this tenth of it guards against squares."""
    count = 10_000
    lines = [
        f'<c r="A{n}"><v>{n}</v></c>{text(f"B{n}", f"https://a.example/{n}.jpg")}<c r="C{n}"><f>LEN(B{n})</f></c>'
        for n in range(1, count + 1)
    ]
    links = "".join(f'<hyperlink ref="B{n}" location="A1"/>' for n in range(1, count + 1))
    rules = (
        '<dataValidations><dataValidation sqref="C5:C9000"><formula1>1</formula1></dataValidation></dataValidations>'
    )
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows_of(*lines), after=f"{rules}<hyperlinks>{links}</hyperlinks>")})
    order = [*range(1, count, 2), *range(0, count, 2)]
    start = time.perf_counter()
    reorder(path, order, "B1:C", Scope.RANGE)
    took = time.perf_counter() - start
    assert XlsxWorksheet.open(path, None).read(a1.parse("B1:C"), Scope.RANGE).urls[:2] == (
        "https://a.example/2.jpg",
        "https://a.example/4.jpg",
    )
    assert took < 60, "ten times what a slow machine needs"
