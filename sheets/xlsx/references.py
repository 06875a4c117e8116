"""What names cells by their address, and how it follows them: merges, hyperlinks, rules over ranges, sparklines."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from sheets.formulas import references, translated
from sheets.rows import Obstacle
from sheets.xlsx.grid import Grid
from sheets.xlsx.markup import Element, children, local
from sheets.xlsx.ranges import LAST_COLUMN, Box, box, boxes, is_uniform, moved

_CALLED = {
    "dataValidation": "data validation",
    "conditionalFormatting": "conditional format",
    "ignoredError": "ignored-error mark",
    "protectedRange": "editable range",
}
_XM = "{http://schemas.microsoft.com/office/excel/2006/main}"
_UID = "{http://schemas.microsoft.com/office/spreadsheetml/2014/revision}uid"


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that applies to ranges: what people call it, its ranges as text, its formulas."""

    called: str
    ranges: str
    formulas: tuple[str, ...]
    rewrite: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A small chart in a cell: the elements that name its cell and its data."""

    place: Element
    data: Element | None

    @property
    def at(self) -> Box:
        """The cell it is drawn in."""
        return box((self.place.text or "").split(" ")[0])

    def looks_at(self) -> str:
        """Return its data's range as a formula, "" for none."""
        return "" if self.data is None else self.data.text or ""


def rules(grid: Grid) -> Iterator[Rule]:
    """Yield the rules of a sheet, those in its extension list too."""
    for tag, called in _CALLED.items():
        for element in grid.root.iter(f"{grid.space}{tag}"):
            yield Rule(called, element.get("sqref", ""), _formulas(element), _attribute(element))
    for place in grid.root.iter(f"{_XM}sqref"):
        owner = place.getparent()
        if owner is not None and local(owner) != "sparkline":
            yield Rule(_CALLED.get(local(owner), local(owner)), place.text or "", _formulas(owner), _text(place))


def sparklines(grid: Grid) -> Iterator[Sparkline]:
    """Yield the sparklines of a sheet."""
    for place in grid.root.iter(f"{_XM}sqref"):
        owner = place.getparent()
        if owner is not None and local(owner) == "sparkline" and place.text:
            yield Sparkline(place, owner.find(f"{_XM}f"))


def obstacles(grid: Grid, block: Box, title: str) -> Iterator[Obstacle]:
    """Yield what names cells of the block in a way that cannot follow them."""
    yield from _merges(grid, block)
    for rule in rules(grid):
        ranges = boxes(rule.ranges)
        if _depends_on_place(rule, ranges) and not is_uniform(ranges, block):
            yield Obstacle(
                f"A {rule.called} with a relative formula ({rule.formulas[0]}) covers only some of the rows that would"
                f" move ({_short(rule.ranges)}).",
                "Nothing was written. In Excel, extend it to the whole column, or remove it: Data > Data Validation, or"
                " Home > Conditional Formatting > Manage Rules.",
            )
    for spark in sparklines(grid):
        if block.holds(spark.at) and not _stays_right(spark, block, title):
            yield Obstacle(
                f"The sparkline in {spark.at} draws other rows that would move ({spark.looks_at()}).",
                "Nothing was written. Put its data on its own row or outside the range, or delete it.",
            )


def follow(grid: Grid, block: Box, new_rows: Sequence[int], title: str) -> None:
    """Rewrite every address in the sheet's tree that names a cell of `block`, whose row i moves to `new_rows[i]`."""
    for merge in children(grid.root, f"{grid.space}mergeCells"):
        if box(merge.get("ref", "")).touches(block):
            merge.set("ref", str(moved(boxes(merge.get("ref", "")), block, new_rows)[0]))
    for link in children(grid.root, f"{grid.space}hyperlinks"):
        _follow_link(link, block, new_rows)
    for rule in rules(grid):
        before = boxes(rule.ranges)
        after = moved(before, block, new_rows)
        if after != before:
            rule.rewrite(" ".join(map(str, after)))
    for spark in list(sparklines(grid)):
        if block.holds(spark.at):
            row = spark.at.first_row
            new = new_rows[row - block.first_row]
            if spark.data is not None and _on_own_row(spark, title):
                spark.data.text = translated(spark.looks_at(), new - row)
            spark.place.text = str(moved((spark.at,), block, new_rows)[0])


def draws_another_row(spark: Sparkline, title: str) -> bool:
    """Say whether a sparkline belongs to its row though its data are elsewhere, so that it must move with it."""
    return any(ref.sheet not in (None, title) for ref in references(spark.looks_at()))


def _follow_link(link: Element, block: Box, new_rows: Sequence[int]) -> None:
    before = boxes(link.get("ref", ""))
    after = moved(before, block, new_rows)
    if after == before:
        return
    link.set("ref", str(after[0]))
    for one in reversed(after[1:]):  # a link over several rows that come apart becomes several links
        copy = deepcopy(link)
        copy.set("ref", str(one))
        copy.attrib.pop(_UID, "")
        link.addnext(copy)


def _merges(grid: Grid, block: Box) -> Iterator[Obstacle]:
    merges = [box(merge.get("ref", "")) for merge in children(grid.root, f"{grid.space}mergeCells")]
    bad = [
        merge
        for merge in merges
        if merge.touches(block) and (merge.first_row != merge.last_row or not block.holds(merge))
    ]
    if bad:
        wide = block.last_column == LAST_COLUMN
        yield Obstacle(
            f"Merged cells tie rows, or cells that move to cells that stay: {_short(' '.join(map(str, bad)))}.",
            "Nothing was written. In Excel, select them and click Home > Merge & Center to unmerge"
            + ("." if wide else "; merges within one row also move with --whole-rows."),
        )


def _depends_on_place(rule: Rule, ranges: Sequence[Box]) -> bool:
    """Whether a formula of the rule is relative, to the first cell of the ranges."""
    several = len({column for one in ranges for column in (one.first_column, one.last_column)}) > 1
    return any(
        several or not (ref.fixed_top and ref.fixed_bottom) for formula in rule.formulas for ref in references(formula)
    )


def _stays_right(spark: Sparkline, block: Box, title: str) -> bool:
    if _on_own_row(spark, title):
        return True
    return not any(
        ref.sheet in (None, title)
        and ref.first_row <= block.last_row
        and ref.last_row >= block.first_row
        and ref.first_column <= block.last_column
        and ref.last_column >= block.first_column
        for ref in references(spark.looks_at())
    )


def _on_own_row(spark: Sparkline, title: str) -> bool:
    row = spark.at.first_row
    return all(
        ref.sheet in (None, title) and ref.first_row == ref.last_row == row and not ref.fixed_top
        for ref in references(spark.looks_at())
    )


def _formulas(element: Element) -> tuple[str, ...]:
    found = [one.text for one in element.iter() if local(one) in ("formula", "formula1", "formula2", "f") and one.text]
    found += [one.get("val", "") for one in element.iter() if local(one) == "cfvo" and one.get("type") == "formula"]
    return tuple(text for text in found if text.strip())


def _attribute(element: Element) -> Callable[[str], None]:
    return lambda text: element.set("sqref", text)


def _text(element: Element) -> Callable[[str], None]:
    def rewrite(text: str) -> None:
        element.text = text

    return rewrite


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60].rsplit(' ', 1)[0]} ..."
