"""What is drawn around the review columns of a sheet: conditional formats, a drop-down, widths, a frozen header.

Only the sheet's own part changes, and the formats for conditions (`dxfs`) in the part of styles. What is ours is found
again by a mark in the formulas of the conditional formats, which every program keeps when it saves the file.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sheets.columns import Columns, Place
from sheets.xlsx.grid import Grid
from sheets.xlsx.markup import Element, canonical, children, local, namespace, new_child, parse, serialise, whole_number
from sheets.xlsx.package import Package
from sheets.xlsx.ranges import LAST_COLUMN, LAST_ROW, Box, boxes, cell
from sheets.xlsx.workbook import styles_part

_MARK = "image-dataset-curation"
_NOTED = re.compile(rf'"{_MARK} frozen=(?P<frozen>[0-9]+) widths=(?P<widths>[01])"')
_ODD, _EVEN, _LINE = "FFDDEAFA", "FFFFF5D9", "FF404040"
_FROZEN_AT_MOST = 5
# CT_Worksheet and CT_Stylesheet fix the order of their children (ECMA-376, 18.3.1.99 and 18.8.39).
_SHEET_ORDER = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
    "autoFilter",
    "sortState",
    "dataConsolidate",
    "customSheetViews",
    "mergeCells",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
]
_STYLES_ORDER = ["numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs"]


@dataclass(frozen=True, slots=True)
class Look:
    """How rows of one kind look: the conditions that make the kind, and what a cell of it is drawn with."""

    conditions: tuple[str, ...]
    fill: str | None = None
    bold: bool = False
    line: bool = False


def draw(grid: Grid, package: Package, name: str, columns: Columns, painted: Collection[int]) -> dict[str, bytes]:
    """Draw the looks of columns whose cells are in the tree, in place of earlier ones; return the other changed parts.

    Columns that people have `painted` keep their colours. A workbook without a part of styles gets no colours.
    """
    part = styles_part(package, name)
    if columns.looks is None or part is None:
        return {}
    noted = _noted(grid)
    before = package.read(part)
    styles = parse(before, part)
    _drop_formats(styles, grid, package, part, _drop_rules(grid))
    frozen = noted[0] or _freeze(grid, columns.place.header_row)
    widths = noted[1] or _widen(grid, columns)
    mark = f'N("{_MARK} frozen={frozen} widths={int(widths)}")=0'
    _add_rules(grid, styles, columns, mark, painted)
    if columns.choices and not columns.place.standing:
        _offer(grid, columns)
    return {part: serialise(styles)} if canonical(styles) != canonical(parse(before, part)) else {}


def clear(grid: Grid, package: Package, name: str, place: Place, count: int) -> dict[str, bytes]:
    """Take everything of ours away that surrounds the columns; return the other parts that changed."""
    frozen, widths = _noted(grid)
    gone = _drop_rules(grid)
    ours = Box(1, place.column, LAST_ROW, place.column + count - 1)
    _drop_children(grid, "dataValidations", lambda rule: all(ours.holds(one) for one in boxes(rule.get("sqref", ""))))
    if widths:
        _drop_children(grid, "cols", lambda one: place.column < whole_number(one.get("min")) and
                       whole_number(one.get("max")) <= place.column + count)  # fmt: skip
    if frozen:
        _thaw(grid, frozen)
    part = styles_part(package, name)
    if part is None or not gone:
        return {}
    styles = parse(package.read(part), part)
    _drop_formats(styles, grid, package, part, gone)
    return {part: serialise(styles)}


def looks_of(columns: Columns) -> Iterator[Look]:
    """Yield the looks of rows, the most special one first: some programs draw only the first that fits."""
    looks, row = columns.looks, columns.place.header_row + 1
    if looks is None:
        return
    group, above = (f"${cell(at, columns.column(looks.group))}" for at in (row, row - 1))
    status = f"${cell(row, columns.column(looks.keeper[0]))}"
    keeper = f'ISNUMBER(SEARCH("{looks.keeper[1]}",{status}))'
    for first in (True, False):
        for kept in (True, False):
            for test, colour in (("ISODD", _ODD), ("ISEVEN", _EVEN)):
                # The numbers stand in the cells as text.
                conditions = [f"LEN({group})>0", f"{test}(VALUE({group}))"]
                conditions += [keeper] if kept else []
                conditions += [f"{group}<>{above}"] if first else []
                yield Look(tuple(conditions), colour, bold=kept, line=first)
    yield Look((f"LEN({group})=0", f"LEN({above})>0"), line=True)


def _add_rules(grid: Grid, styles: Element, columns: Columns, mark: str, painted: Collection[int]) -> None:
    held = grid.root.iter(f"{grid.space}cfRule")
    priority = max((whole_number(rule.get("priority")) for rule in held), default=0)  # people's own rules win
    spot = _in_order(grid.root, f"{grid.space}conditionalFormatting", _SHEET_ORDER)
    spot.set("sqref", " ".join(str(one) for one in _ranges(columns, painted)))
    for i, look in enumerate(looks_of(columns), start=1):
        rule = new_child(spot, f"{grid.space}cfRule")
        rule.set("type", "expression")
        rule.set("dxfId", str(_format(styles, look)))
        rule.set("priority", str(priority + i))
        new_child(rule, f"{grid.space}formula").text = f"AND({','.join((mark, *look.conditions))})"


def _ranges(columns: Columns, painted: Collection[int]) -> list[Box]:
    """Return the cells to colour: from A to the last of ours, down to the end, without columns that are painted."""
    top, end = columns.place.header_row + 1, columns.place.column + len(columns.names)
    found: list[Box] = []
    for column in range(end):
        if column < columns.place.column and column in painted:
            continue
        if found and found[-1].last_column == column - 1:
            found[-1] = Box(top, found[-1].first_column, LAST_ROW, column)
        else:
            found.append(Box(top, column, LAST_ROW, column))
    return found


def _format(styles: Element, look: Look) -> int:
    """Return the number of a format for conditions, added at the end where there is none like it."""
    space = namespace(styles, "the styles")
    held = styles.find(f"{space}dxfs")
    if held is None:
        held = _in_order(styles, f"{space}dxfs", _STYLES_ORDER)
    made = new_child(held, f"{space}dxf")
    if look.bold:
        new_child(new_child(made, f"{space}font"), f"{space}b")
    if look.fill:
        pattern = new_child(new_child(made, f"{space}fill"), f"{space}patternFill")
        pattern.set("patternType", "solid")
        for name in ("fgColor", "bgColor"):
            new_child(pattern, f"{space}{name}").set("rgb", look.fill)
    if look.line:
        border = new_child(made, f"{space}border")
        top = new_child(border, f"{space}top")
        top.set("style", "thin")  # the heaviest that Excel draws for a condition
        new_child(top, f"{space}color").set("rgb", _LINE)
    wanted = canonical(made)
    for i, other in enumerate(list(held)[:-1]):
        if canonical(other) == wanted:
            held.remove(made)
            return i
    held.set("count", str(len(held)))
    return len(held) - 1


def _drop_formats(styles: Element, grid: Grid, package: Package, part: str, gone: set[int]) -> None:
    """Take those formats away that were ours, as far as they stand last and nobody else uses them."""
    held = styles.find(f"{namespace(styles, part)}dxfs")
    if held is None or not gone:
        return
    used = {rule.get("dxfId") for rule in grid.root.iter(f"{grid.space}cfRule")}
    for other in package.parts():
        if other.lower().endswith(".xml") and other not in (grid.part, part):
            used |= {found.decode() for found in re.findall(rb'[dD]xfId="([0-9]+)"', package.read(other))}
    while len(held) and len(held) - 1 in gone and str(len(held) - 1) not in used:
        held.remove(held[-1])
    held.set("count", str(len(held)))
    if len(held) == 0:
        styles.remove(held)


def _noted(grid: Grid) -> tuple[int, bool]:
    """Return how many rows we have frozen, and whether we have set widths."""
    for rule in grid.root.iter(f"{grid.space}formula"):
        if (match := _NOTED.search(rule.text or "")) is not None:
            return int(match["frozen"]), match["widths"] == "1"
    return 0, False


def _drop_rules(grid: Grid) -> set[int]:
    """Take our conditional formats away; return the numbers of the formats they used."""
    gone = set()
    for spot in list(grid.root.iterchildren(f"{grid.space}conditionalFormatting")):
        for rule in list(spot):
            if any(_MARK in (one.text or "") for one in rule.iterchildren(f"{grid.space}formula")):
                gone.add(whole_number(rule.get("dxfId")))
                spot.remove(rule)
        if len(spot) == 0:
            grid.root.remove(spot)
    return gone


def _drop_children(grid: Grid, name: str, is_ours: Callable[[Element], bool]) -> None:
    held = grid.root.find(f"{grid.space}{name}")
    if held is None:
        return
    for one in list(held):
        if is_ours(one):
            held.remove(one)
    if len(held) == 0:
        grid.root.remove(held)
    elif held.get("count") is not None:
        held.set("count", str(len(held)))


def _offer(grid: Grid, columns: Columns) -> None:
    """Offer the choices in the last column, as a drop-down that refuses anything else."""
    held = grid.root.find(f"{grid.space}dataValidations")
    if held is None:
        held = _in_order(grid.root, f"{grid.space}dataValidations", _SHEET_ORDER)
    rule = new_child(held, f"{grid.space}dataValidation")
    last = columns.place.column + len(columns.names) - 1
    for key, value in (
        ("type", "list"),
        ("allowBlank", "1"),
        ("showErrorMessage", "1"),
        ("sqref", str(Box(columns.place.header_row + 1, last, LAST_ROW, last))),
    ):
        rule.set(key, value)
    new_child(rule, f"{grid.space}formula1").text = f'"{",".join(columns.choices)}"'
    held.set("count", str(len(held)))


def _widen(grid: Grid, columns: Columns) -> bool:
    """Give the columns room for their texts, unless the sheet says something about these columns already."""
    looks, first = columns.looks, columns.place.column + 1
    held = grid.root.find(f"{grid.space}cols")
    spans = [] if held is None else [(whole_number(one.get("min")), whole_number(one.get("max"))) for one in held]
    if looks is None or any(end >= first for _, end in spans) or first + len(columns.names) > LAST_COLUMN:
        return False
    if held is None:
        held = _in_order(grid.root, f"{grid.space}cols", _SHEET_ORDER)
    for number, width in enumerate(looks.widths, start=first):
        one = new_child(held, f"{grid.space}col")
        for key, value in (("min", number), ("max", number), ("width", width), ("customWidth", 1)):
            one.set(key, str(value))
    return True


def _freeze(grid: Grid, rows: int) -> int:
    """Freeze the rows down to the names, where nothing is frozen and the window shows them; return how many."""
    views = children(grid.root, f"{grid.space}sheetViews")
    plain = all(
        view.find(f"{grid.space}pane") is None
        and view.get("view", "normal") == "normal"
        and view.get("topLeftCell", "A1").rstrip("0123456789") + "1" == view.get("topLeftCell", "A1")
        for view in views
    )
    if not views or not plain or rows > _FROZEN_AT_MOST:
        return 0
    for view in views:
        pane = new_child(view, f"{grid.space}pane")
        below = (("ySplit", str(rows)), ("topLeftCell", f"A{rows + 1}"), ("activePane", "bottomLeft"))
        for key, value in (*below, ("state", "frozen")):
            pane.set(key, value)
        view.insert(0, pane)
        for selection in view.iterchildren(f"{grid.space}selection"):
            if selection.get("pane") is None:  # it lies in the part that scrolls now
                selection.set("pane", "bottomLeft")
    return rows


def _thaw(grid: Grid, rows: int) -> None:
    for view in children(grid.root, f"{grid.space}sheetViews"):
        pane = view.find(f"{grid.space}pane")
        if pane is None or pane.get("xSplit", "0") != "0" or pane.get("ySplit") != str(rows):
            continue  # a person has frozen something else since
        view.remove(pane)
        for selection in view.iterchildren(f"{grid.space}selection"):
            if selection.get("pane") == "bottomLeft":
                selection.attrib.pop("pane")


def _in_order(root: Element, tag: str, order: list[str]) -> Element:
    """Return a new child of a part's root, in the place that the format has for it."""
    made = new_child(root, tag)
    before = order[: order.index(local(made)) + 1]
    standing = [child for child in root if child is not made and local(child) in before]
    if standing:
        standing[-1].addnext(made)
    else:
        root.insert(0, made)
    return made
