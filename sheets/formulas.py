"""What a formula looks at: whether it stays right when its row moves, and how it reads on its new row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sheets.a1 import Area, column_index, column_letters

# One pass over a formula: text in quotes is skipped, a sheet prefix is kept with its reference, and a name
# followed by "(" is a function (LOG10 is not the cell LOG10).
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")
      | (?P<sheet>(?:'(?:[^']|'')+'|[\w.\[\]]+)!)?
        (?:(?P<dollar_a>\$?)(?P<a>[A-Za-z]{1,3})(?P<dollar_m>\$?)(?P<m>[1-9][0-9]{0,6})
             (?::(?P<dollar_b>\$?)(?P<b>[A-Za-z]{1,3})(?P<dollar_n>\$?)(?P<n>[1-9][0-9]{0,6})?)?
          |\$?(?P<left>[A-Za-z]{1,3}):\$?(?P<right>[A-Za-z]{1,3})(?P<dollar_end>\$?)(?P<end>[1-9][0-9]{0,6})?
          |(?P<dollar_top>\$?)(?P<top>[1-9][0-9]{0,6}):(?P<dollar_bottom>\$?)(?P<bottom>[1-9][0-9]{0,6}))
        (?![\w.(!\[])
      | (?P<other>'(?:[^']|'')*'|\[[^\]]*\]|[\w.\\]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_LAST = 2**31


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference in a formula: 0-based columns, 1-based rows, both inclusive; `sheet` None for its own.

    `fixed_top` and `fixed_bottom` say whether a `$` holds the row in place when the formula moves.
    """

    sheet: str | None
    first_column: int
    last_column: int
    first_row: int
    last_row: int
    fixed_top: bool
    fixed_bottom: bool


def references(formula: str) -> Iterator[Reference]:
    """Yield the A1 references of a formula, in order; names and structured references are not followed.

    >>> [(r.first_column, r.first_row, r.fixed_top) for r in references('=B2&"C3"&$D$4')]
    [(1, 2, False), (3, 4, True)]
    """
    for match in _TOKEN.finditer(formula):
        if match["text"] is not None or match["other"] is not None:
            continue
        sheet = match["sheet"]
        name = None if sheet is None else sheet[:-1].strip("'").replace("''", "'")
        if match["a"]:
            first = column_index(match["a"])
            last = column_index(match["b"]) if match["b"] else first
            top, fixed_top = int(match["m"]), bool(match["dollar_m"])
            if match["b"] and not match["n"]:  # B2:C, open at the bottom
                bottom, fixed_bottom = _LAST, True
            elif match["b"]:
                bottom, fixed_bottom = int(match["n"]), bool(match["dollar_n"])
            else:
                bottom, fixed_bottom = top, fixed_top
        elif match["left"]:
            first, last = column_index(match["left"]), column_index(match["right"])
            top, fixed_top = 1, True
            bottom = int(match["end"]) if match["end"] else _LAST
            fixed_bottom = not match["end"] or bool(match["dollar_end"])
        else:
            first, last = 0, _LAST
            top, fixed_top = int(match["top"]), bool(match["dollar_top"])
            bottom, fixed_bottom = int(match["bottom"]), bool(match["dollar_bottom"])
        yield Reference(name, first, last, top, bottom, fixed_top, fixed_bottom)


def survives_move(formula: str, row: int, block: Area, sheet: str | None = None) -> bool:
    """Say whether a formula inside the moving cells stays right when its row `row` moves.

    It does when each reference is to its own row by a relative address, or holds its rows by `$` and does not
    touch `block`, the cells that move (`block.last_row` is set). `sheet` is the worksheet's own title,
    which a reference may spell out.

    >>> block = Area(1, 2, 2, 9)
    >>> survives_move("=B2&C2", 2, block), survives_move("=B3", 2, block), survives_move("=B2*$F$1", 2, block)
    (True, False, True)
    """
    for ref in references(formula):
        own_sheet = ref.sheet is None or ref.sheet == sheet
        own_row = ref.first_row == ref.last_row == row and not ref.fixed_top and not ref.fixed_bottom
        held = ref.fixed_top and ref.fixed_bottom and not (own_sheet and _touches(ref, block))
        if not (own_sheet and own_row) and not held:
            return False
    return True


def survives_beside(formula: str, row: int, block: Area, sheet: str | None = None) -> bool:
    """Say whether a formula on row `row` beside the moving cells still means its own row after the move.

    It does when each reference is to its own row, or does not touch `block`, the cells that move, at all.

    >>> block = Area(1, 2, 2, 9)
    >>> survives_beside("=IMAGE(B2)", 2, block), survives_beside("=A1+1", 2, block), survives_beside("=B3", 2, block)
    (True, True, False)
    """
    for ref in references(formula):
        if ref.sheet is not None and ref.sheet != sheet:
            continue
        own_row = ref.first_row == ref.last_row == row
        if not own_row and _touches(ref, block):
            return False
    return True


def on_row(formula: str, row: int, new_row: int) -> str:
    """Return the formula as it reads after its row moved: relative references to `row` say `new_row`.

    >>> on_row('=B2&"B2"&$F$1&B$2', 2, 7)
    '=B7&"B2"&$F$1&B$2'
    """

    def moved(match: re.Match[str]) -> str:
        if match["a"] is None:
            return match[0]
        start = match.start()
        text = match[0]
        edits = [
            (match.span(name), match[name])
            for name, dollar in (("n", "dollar_n"), ("m", "dollar_m"))
            if match[name] and not match[dollar] and int(match[name]) == row
        ]
        for (begin, end), _ in edits:  # right to left, so that earlier positions stay valid
            text = text[: begin - start] + str(new_row) + text[end - start :]
        return text

    return _TOKEN.sub(moved, formula)


def translated(formula: str, down: int, right: int = 0) -> str | None:
    """Return the formula as a copy of it reads `down` rows and `right` columns away; None if it leaves the sheet.

    >>> translated('B2&"B2"&$F$1&B$2', 5), translated("SUM(B2:C3)", 0, 1), translated("B2", -2)
    ('B7&"B2"&$F$1&B$2', 'SUM(C2:D3)', None)
    """
    left_the_sheet = False

    def moved(match: re.Match[str]) -> str:
        nonlocal left_the_sheet
        text, start = match[0], match.start()
        for name in ("bottom", "top", "end", "right", "left", "n", "b", "m", "a"):  # right to left, as above
            held = match[name] is None or formula[match.start(name) - 1 : match.start(name)] == "$"
            by = down if name in ("bottom", "top", "end", "n", "m") else right
            if held or by == 0:
                continue
            place = int(match[name]) + by if match[name].isdigit() else column_index(match[name]) + 1 + by
            left_the_sheet |= place < 1
            new = str(place) if match[name].isdigit() else column_letters(place - 1)
            text = text[: match.start(name) - start] + new + text[match.end(name) - start :]
        return text

    result = _TOKEN.sub(moved, formula)
    return None if left_the_sheet else result


def _touches(ref: Reference, block: Area) -> bool:
    columns = ref.first_column <= block.last_column and ref.last_column >= block.first_column
    bottom = _LAST if block.last_row is None else block.last_row
    return columns and ref.first_row <= bottom and ref.last_row >= block.first_row
