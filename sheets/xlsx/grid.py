"""The rows and cells of a sheet's XML: where they are, what they hold, and what an equal cell would hold."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from errors import UsageError
from sheets.formulas import translated
from sheets.links import address_in
from sheets.xlsx.markup import Element, children, namespace, parse, parse_rows, relationship_id
from sheets.xlsx.package import Package
from sheets.xlsx.ranges import LAST_COLUMN, LAST_ROW, Box, box, cell, column_of
from sheets.xlsx.workbook import Tab, shared_strings, string_of

# Formulas are compared as if they stood far below every sheet, so that equal ones on different rows are equal text.
_FAR_BELOW = 10_000_000


@dataclass(frozen=True, slots=True)
class Master:
    """The cell that spells out a shared formula."""

    row: int
    column: int
    formula: str


class Content(NamedTuple):
    """What a cell holds: a formula without its `=`, text, and all of a text that is more than plain, canonically."""

    formula: str | None
    text: str
    rich: str | None

    @property
    def is_blank(self) -> bool:
        """Whether the cell is at most a format."""
        return self.formula is None and not self.text


@dataclass(frozen=True, slots=True)
class Tags:
    """The names of the elements that are met most, in the sheet's own namespace."""

    row: str
    cell: str
    value: str
    formula: str
    inline: str


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses behind linked cells; a link to a place in the workbook is none."""

    single: dict[str, str]
    wide: list[tuple[Box, str]]

    def add(self, at: Box, address: str) -> None:
        """Remember the link of a cell or of a range."""
        if ":" not in str(at):
            self.single[str(at)] = address
        else:
            self.wide.append((at, address))

    def at(self, place: str) -> str | None:
        """Return the address behind one cell."""
        found = self.single.get(place)
        if found is None and self.wide:
            found = next((address for at, address in self.wide if at.holds(box(place))), None)
        return found


@dataclass(slots=True)
class Grid:
    """A sheet's tree with every row and cell numbered; `rows` holds the `row` elements by their number, ascending."""

    part: str
    root: Element
    space: str
    tags: Tags
    data: Element
    rows: dict[int, Element]
    strings: tuple[tuple[str, str | None], ...]
    links: "Links"
    masters: dict[str, Master] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Package, tab: Tab, name: str, last_row: int | None = None) -> "Grid":
        """Read a tab, or only as far as a row of it. Raises `UsageError` for a damaged one."""
        data = package.read(tab.part)
        root = parse(data, tab.part) if last_row is None else parse_rows(data, tab.part, last_row)
        space = namespace(root, tab.part)
        cells = root.find(f"{space}sheetData")
        if cells is None:
            raise UsageError(f"{name} is damaged: {tab.part} has no rows.", "Open it in Excel and save it again.")
        tags = Tags(*(f"{space}{name}" for name in ("row", "c", "v", "f", "is")))
        strings = shared_strings(package, name)
        links = _links(package, tab, root, space)
        grid = cls(tab.part, root, space, tags, cells, _numbered(cells, tags, tab.part), strings, links)
        grid.masters = grid._shared_masters()
        return grid

    def cells(self, row: int, first: int, last: int) -> Iterator[tuple[int, Element]]:
        """Yield the cells of a row from column `first` to `last`, both 0-based."""
        element = self.rows.get(row)
        if element is not None:
            for one in element.iterchildren(self.tags.cell):
                column = column_of(one.get("r", ""))
                if first <= column <= last:
                    yield column, one

    def formula_cells(self) -> Iterator[tuple[Box, Element, Element]]:
        """Yield each cell that has a formula element, its place first and the element last."""
        for formula in self.data.iter(self.tags.formula):
            parent = formula.getparent()
            if parent is not None:
                yield box(parent.get("r", "")), parent, formula

    def content(self, one: Element) -> Content:
        """Return what a cell says and calculates; a member of a shared formula reads as on its own cell."""
        # One pass over the children: this runs for every cell of a sheet, and `find` costs three times as much.
        formula, text, rich = None, "", None
        for child in one:
            tag = child.tag
            if tag == self.tags.value:
                text = child.text or ""
            elif tag == self.tags.formula:
                formula = child.text or ""
                if not formula and child.get("t") == "shared":
                    formula = self._from_master(one, child.get("si", ""))
            elif tag == self.tags.inline:
                text, rich = string_of(child)
        if text and one.get("t") == "s":
            text, rich = self._shared(text, one)
        return Content(formula, text, rich)

    def token(self, one: Element, content: Content) -> Hashable:
        """Return what a cell holds, format included, such that its copy on another row is equal."""
        kind = one.get("t", "n")
        kind = "text" if kind in ("s", "inlineStr") else kind
        formula = content.formula
        if formula is not None:
            formula = translated(formula, _FAR_BELOW - box(one.get("r", "")).first_row)
        return (kind, content.text, content.rich, formula, one.get("s"), one.get("vm"), one.get("cm"))

    def url(self, one: Element, content: Content) -> str:
        """Return the address that a cell names."""
        # The text of a picture in a cell is the error that older programs show.
        text = content.text if one.get("vm") is None else ""
        formula = None if content.formula is None else f"={content.formula}"
        return address_in(text, formula, self.links.at(one.get("r", "")))

    def texts(self, row: int, first: int, last: int) -> tuple[str, ...]:
        """Return what the cells of a row say, unformatted: a number as it is stored, a truth value in words."""
        found = [""] * (last - first + 1)
        for column, one in self.cells(row, first, last):
            text = self.content(one).text
            found[column - first] = {"0": "FALSE", "1": "TRUE"}.get(text, text) if one.get("t") == "b" else text
        return tuple(found)

    def used_columns(self, first_row: int, last_row: int) -> range:
        """Return the columns from the first to the last cell on some rows."""
        found = [
            column_of(one.get("r", ""))
            for row in range(first_row, last_row + 1)
            if row in self.rows
            for one in self.rows[row].iterchildren(self.tags.cell)
        ]
        return range(min(found), max(found) + 1) if found else range(0)

    def _shared(self, index: str, one: Element) -> tuple[str, str | None]:
        try:
            return self.strings[int(index)]
        except (ValueError, IndexError) as error:
            raise UsageError(
                f"The workbook is damaged: {one.get('r')} names text {index}, which there is not.",
                "Open it in Excel, let it repair the file, and save it again.",
            ) from error

    def _from_master(self, one: Element, index: str) -> str:
        master = self.masters.get(index)
        if master is None:
            return ""
        at = box(one.get("r", ""))
        return translated(master.formula, at.first_row - master.row, at.first_column - master.column) or ""

    def _shared_masters(self) -> dict[str, Master]:
        found: dict[str, Master] = {}
        for at, _, formula in self.formula_cells():
            if formula.get("t") == "shared" and formula.text:
                found.setdefault(formula.get("si", ""), Master(at.first_row, at.first_column, formula.text))
        return found


def _numbered(data: Element, tags: Tags, part: str) -> dict[int, Element]:
    """Write the number of every row and cell that leaves it out (the format allows that), and index the rows."""
    rows: dict[int, Element] = {}
    number = 0
    for row in data.iterchildren(tags.row):
        text = row.get("r")
        if text is None:
            text = str(number + 1)
            row.set("r", text)
        if not text.isdecimal() or not number < int(text) <= LAST_ROW:
            raise _damaged(part, f"row {text} follows row {number}")
        number = int(text)
        rows[number] = row
        column = -1
        for one in row.iterchildren(tags.cell):
            address = one.get("r")
            if address is None:
                address = cell(number, column + 1)
                one.set("r", address)
            named = address.removesuffix(text)
            if named == address or not (named.isascii() and named.isalpha() and named.isupper() and len(named) <= 3):
                raise _damaged(part, f"row {text} holds a cell {address}")
            here = column_of(address)
            if not column < here <= LAST_COLUMN:
                raise _damaged(part, f"row {text} holds {address} out of order")
            column = here
    return rows


def _damaged(part: str, what: str) -> UsageError:
    return UsageError(
        f"The workbook is damaged: in {part}, {what}.",
        "Open it in Excel, let it repair the file, and save it again.",
    )


def _links(package: Package, tab: Tab, root: Element, space: str) -> "Links":
    targets: Mapping[str, str] = {one.identifier: one.target for one in package.relationships(tab.part) if one.external}
    links = Links({}, [])
    for link in children(root, f"{space}hyperlinks"):
        target = targets.get(relationship_id(link) or "")
        if target:
            location = link.get("location")
            links.add(box(link.get("ref", "")), f"{target}#{location}" if location and "#" not in target else target)
    return links
