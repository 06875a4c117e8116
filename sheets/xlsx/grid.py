"""The rows and cells of a sheet's XML: where they are, what they hold, and what an equal cell would hold."""

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from errors import UsageError
from sheets.formulas import translated
from sheets.links import address_in
from sheets.xlsx.markup import Element, canonical, children, namespace, parse, relationship_id
from sheets.xlsx.package import Package
from sheets.xlsx.ranges import Box, box, cell, column_of
from sheets.xlsx.workbook import Tab, shared_strings, text_of

_ADDRESS = re.compile(r"[A-Z]{1,3}[1-9][0-9]{0,6}")
# Formulas are compared as if they stood far below every sheet, so that equal ones on different rows are equal text.
_FAR_BELOW = 10_000_000


@dataclass(frozen=True, slots=True)
class Master:
    """The cell that spells out a shared formula."""

    row: int
    column: int
    formula: str


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses behind linked cells; a link to a place in the workbook is none."""

    single: dict[tuple[int, int], str]
    wide: list[tuple[Box, str]]

    def add(self, at: Box, address: str) -> None:
        """Remember the link of a cell or of a range."""
        if (at.first_row, at.first_column) == (at.last_row, at.last_column):
            self.single[at.first_row, at.first_column] = address
        else:
            self.wide.append((at, address))

    def at(self, place: Box) -> str | None:
        """Return the address behind one cell."""
        found = self.single.get((place.first_row, place.first_column))
        return found or next((address for at, address in self.wide if at.holds(place)), None)


@dataclass(slots=True)
class Grid:
    """A sheet's tree with every row and cell numbered; `rows` holds the `row` elements by their number, ascending."""

    part: str
    root: Element
    space: str
    data: Element
    rows: dict[int, Element]
    strings: tuple[tuple[str, str | None], ...]
    links: "Links"
    masters: dict[str, Master] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Package, tab: Tab, name: str) -> "Grid":
        """Read a tab. Raises `UsageError` for a damaged one."""
        root = parse(package.read(tab.part), tab.part)
        space = namespace(root, tab.part)
        data = root.find(f"{space}sheetData")
        if data is None:
            raise UsageError(f"{name} is damaged: {tab.part} has no rows.", "Open it in Excel and save it again.")
        rows = _numbered(data, space, tab.part)
        grid = cls(tab.part, root, space, data, rows, shared_strings(package, name), _links(package, tab, root, space))
        grid.masters = grid._shared_masters()
        return grid

    def cells(self, row: int, first: int, last: int) -> Iterator[tuple[int, Element]]:
        """Yield the cells of a row from column `first` to `last`, both 0-based."""
        element = self.rows.get(row)
        if element is not None:
            for one in element.iterchildren(f"{self.space}c"):
                column = column_of(one.get("r", ""))
                if first <= column <= last:
                    yield column, one

    def formula_cells(self) -> Iterator[tuple[Box, Element, Element]]:
        """Yield each cell that has a formula element, its place first and the element last."""
        for formula in self.data.iter(f"{self.space}f"):
            parent = formula.getparent()
            if parent is not None:
                yield box(parent.get("r", "")), parent, formula

    def formula(self, one: Element) -> str | None:
        """Return what a cell calculates, without the `=`; a member of a shared formula reads as on its own cell."""
        element = one.find(f"{self.space}f")
        if element is None:
            return None
        master = self.masters.get(element.get("si", "")) if element.get("t") == "shared" else None
        if element.text or master is None:
            return element.text or ""
        at = box(one.get("r", ""))
        return translated(master.formula, at.first_row - master.row, at.first_column - master.column) or ""

    def value(self, one: Element) -> tuple[str, str | None]:
        """Return a cell's text and, for text that is more than plain, all of it in a canonical form."""
        kind = one.get("t")
        if kind == "inlineStr":
            inline = one.find(f"{self.space}is")
            if inline is None:
                return "", None
            plain = len(inline) == 1 and inline[0].tag == f"{self.space}t"
            return text_of(inline), None if plain else canonical(inline)
        text = one.findtext(f"{self.space}v") or ""
        if kind == "s" and text:
            try:
                return self.strings[int(text)]
            except (ValueError, IndexError) as error:
                raise UsageError(
                    f"The workbook is damaged: {one.get('r')} names text {text}, which there is not.",
                    "Open it in Excel, let it repair the file, and save it again.",
                ) from error
        return text, None

    def holds(self, one: Element) -> bool:
        """Say whether a cell is more than a format."""
        return one.find(f"{self.space}f") is not None or any(self.value(one))

    def token(self, one: Element) -> Hashable:
        """Return what a cell holds, format included, such that its copy on another row is equal."""
        kind = one.get("t", "n")
        kind = "text" if kind in ("s", "inlineStr") else kind
        formula = self.formula(one)
        if formula is not None:
            row = box(one.get("r", "")).first_row
            formula = translated(formula, _FAR_BELOW - row)
        return (kind, self.value(one), formula, one.get("s"), one.get("vm"), one.get("cm"))

    def url(self, one: Element) -> str:
        """Return the address that a cell names."""
        formula = self.formula(one)
        # The text of a picture in a cell is the error that older programs show.
        text = "" if one.get("vm") is not None else self.value(one)[0]
        return address_in(text, None if formula is None else f"={formula}", self.links.at(box(one.get("r", ""))))

    def used_columns(self, first_row: int, last_row: int) -> range:
        """Return the columns from the first to the last cell on some rows."""
        found = [
            column_of(one.get("r", ""))
            for row in range(first_row, last_row + 1)
            if row in self.rows
            for one in self.rows[row].iterchildren(f"{self.space}c")
        ]
        return range(min(found), max(found) + 1) if found else range(0)

    def _shared_masters(self) -> dict[str, Master]:
        found: dict[str, Master] = {}
        for at, _, formula in self.formula_cells():
            if formula.get("t") == "shared" and formula.text:
                found.setdefault(formula.get("si", ""), Master(at.first_row, at.first_column, formula.text))
        return found


def _numbered(data: Element, space: str, part: str) -> dict[int, Element]:
    """Write the number of every row and cell that leaves it out (the format allows that), and index the rows."""
    rows: dict[int, Element] = {}
    number = 0
    for row in data.iterchildren(f"{space}row"):
        text = row.get("r")
        if text is None:
            text = str(number + 1)
            row.set("r", text)
        if not text.isdecimal() or int(text) <= number:
            raise _damaged(part, f"row {text} follows row {number}")
        number = int(text)
        rows[number] = row
        column = -1
        for one in row.iterchildren(f"{space}c"):
            address = one.get("r")
            if address is None:
                address = cell(number, column + 1)
                one.set("r", address)
            elif _ADDRESS.fullmatch(address) is None or not address.endswith(text):
                raise _damaged(part, f"row {text} holds a cell {address}")
            here = column_of(address)
            if here <= column or address[-len(text) - 1].isdigit():
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
