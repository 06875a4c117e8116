"""The parts around a sheet: its tab, the shared strings, the fills of formats, the order of calculation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from errors import NotFound, UsageError
from sheets.xlsx.markup import (
    TRUE,
    Element,
    canonical,
    children,
    local,
    namespace,
    new_child,
    parse,
    serialise,
    whole_number,
)
from sheets.xlsx.markup import relationship_id as id_of
from sheets.xlsx.package import Package

_HIDDEN = ("hidden", "veryHidden")
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s>/]")
# A character that XML cannot hold, and what only looks like one, is written as _xHHHH_.
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# CT_Workbook fixes the order of its children; these stand before calcPr.
_BEFORE_CALCULATION = {
    "fileVersion",
    "fileSharing",
    "workbookPr",
    "workbookProtection",
    "bookViews",
    "sheets",
    "functionGroups",
    "externalReferences",
    "definedNames",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of cells: its title, the name of its part, its id in the order of calculation, whether people hid it."""

    title: str
    part: str
    sheet_id: str
    hidden: bool


def workbook_part(package: Package, name: str) -> str:
    """Return the name of the workbook's own part."""
    part = package.target("", "officeDocument")
    if part is None:
        raise UsageError(f"{name} is a zip file but not a workbook.", "Open it where it comes from; save it as .xlsx.")
    if not part.lower().endswith(".xml"):
        raise UsageError(f"{name} is a binary workbook (.xlsb).", "In Excel: File > Save As > .xlsx.")
    return part


def tabs(package: Package, name: str) -> list[Tab]:
    """Return the tabs that hold cells, in their order."""
    part = workbook_part(package, name)
    root = parse(package.read(part), part)
    targets = {one.identifier: one for one in package.relationships(part)}
    found = []
    for sheet in children(root, f"{namespace(root, part)}sheets"):
        pointer = targets.get(id_of(sheet) or "")
        if pointer is not None and pointer.kind == "worksheet":
            hidden = sheet.get("state") in _HIDDEN
            found.append(Tab(sheet.get("name", ""), pointer.target, sheet.get("sheetId", ""), hidden))
    return found


def choose_tab(found: list[Tab], wanted: str | None, name: str) -> Tab:
    """Return the tab that is meant; None means the only visible one. Raises `UsageError` or `NotFound`."""
    titles = ", ".join(f'"{tab.title}"' for tab in found) or "none"
    if wanted is None:
        visible = [tab for tab in found if not tab.hidden]
        if len(visible) == 1:
            return visible[0]
        if len(found) == 1:
            return found[0]
        raise UsageError(f"{name} has several tabs: {titles}.", 'Name one with -w, such as -w "Sheet1".')
    exact = [tab for tab in found if tab.title == wanted]
    alike = exact or [tab for tab in found if tab.title.strip().casefold() == wanted.strip().casefold()]
    if len(alike) != 1:
        raise NotFound(f'{name} has no tab "{wanted}"; its tabs: {titles}.', "Name one of them with -w.")
    return alike[0]


def string_of(string: Element) -> tuple[str, str | None]:
    """Return what a shared or inline string says and, if it is more than plain text, all of it in a canonical form.

    Phonetic runs are no part of what it says.
    """
    if len(string) == 1 and local(string[0]) == "t":
        return _unescaped(string[0].text or ""), None
    parts = []
    for child in string.iterchildren("{*}t", "{*}r"):
        text = child.text if local(child) == "t" else child.findtext("{*}t")
        parts.append(text or "")
    return _unescaped("".join(parts)), canonical(string)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def shared_strings(package: Package, name: str) -> tuple[tuple[str, str | None], ...]:
    """Return what each shared string says, as `string_of` does."""
    part = package.target(workbook_part(package, name), "sharedStrings")
    if part is None:
        return ()
    root = parse(package.read(part), part)
    return tuple(string_of(string) for string in root.iterchildren(f"{namespace(root, part)}si"))


def styles_part(package: Package, name: str) -> str | None:
    """Return the name of the part of styles, None where there is none."""
    return package.target(workbook_part(package, name), "styles")


def fills(package: Package, name: str) -> tuple[str | None, ...]:
    """Return the fill of each cell format (index `s` of a cell), None for no fill."""
    part = styles_part(package, name)
    if part is None:
        return ()
    root = parse(package.read(part), part)
    space = namespace(root, part)
    named: list[str | None] = []
    for fill in children(root, f"{space}fills"):
        pattern = fill.find(f"{space}patternFill")
        blank = len(fill) == 0 or (pattern is not None and pattern.get("patternType", "none") == "none")
        named.append(None if blank else canonical(fill))
    result = []
    for form in children(root, f"{space}cellXfs"):
        index = whole_number(form.get("fillId"))
        result.append(named[index] if index < len(named) else None)
    return tuple(result)


def has_formulas(package: Package, name: str) -> bool:
    """Say whether any sheet of the workbook calculates."""
    return any(_FORMULA.search(package.read(tab.part)) for tab in tabs(package, name))


def recalculating(package: Package, name: str) -> dict[str, bytes]:
    """Return the workbook part with the flag that makes programs calculate everything when they open it.

    A formula anywhere may look at a cell that moved, and its cached value would be the old one's.
    """
    part = workbook_part(package, name)
    root = parse(package.read(part), part)
    space = namespace(root, part)
    settings = root.find(f"{space}calcPr")
    if settings is None:
        settings = new_child(root, f"{space}calcPr")
        before = [child for child in root if local(child) in _BEFORE_CALCULATION]
        if before:
            before[-1].addnext(settings)
    if settings.get("fullCalcOnLoad") in TRUE:
        return {}
    settings.set("fullCalcOnLoad", "1")
    return {part: serialise(root)}


def calculation_order(package: Package, name: str, tab: Tab, moved: Mapping[str, str]) -> dict[str, bytes]:
    """Return the calcChain part with the new addresses of this tab's formula cells; nothing if it stays as it is.

    An entry that names a cell without a formula makes Excel repair the file, so entries follow their cells.
    """
    part = package.target(workbook_part(package, name), "calcChain")
    if part is None or not moved:
        return {}
    root = parse(package.read(part), part)
    sheet, changed = "", False
    for entry in root.iterchildren("{*}c"):
        sheet = entry.get("i", sheet)  # left out where it is the same as before
        new = moved.get(entry.get("r", "")) if sheet == tab.sheet_id else None
        if new is not None and new != entry.get("r"):
            entry.set("r", new)
            changed = True
    return {part: serialise(root)} if changed else {}
