"""How a cell's value reads: formatted, unformatted, or as a formula; and the whole CellData of grid data."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.google import masks
from tests.google.evaluate import ErrorValue, Evaluator, Result
from tests.google.model import Cell, Formula, Json, Sheet
from tests.google.theme import DEFAULT_FORMAT

_DATES = {"DATE", "TIME", "DATE_TIME"}
_DEFAULT_PATTERNS = {
    "DATE": "m/d/yyyy",
    "TIME": "h:mm:ss am/pm",
    "DATE_TIME": "m/d/yyyy h:mm:ss",
    "PERCENT": "0.00%",
    "CURRENCY": '"$"#,##0.00',
    "NUMBER": "#,##0.00",
    "SCIENTIFIC": "0.00E+00",
}
_EPOCH = datetime(1899, 12, 30)


def general(value: float) -> str:
    """Write a number as an unformatted cell shows it: at most ten significant digits after the point.

    >>> general(4), general(1.45), general(1 / 3), general(1e20), general(0.0009765625)
    ('4', '1.45', '0.3333333333', '1E+20', '0.0009765625')
    """
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if abs(value) >= 1e15 or abs(value) < 1e-9:
        mantissa, _, power = f"{value:.5E}".partition("E")
        return f"{mantissa.rstrip('0').rstrip('.')}E{power[0]}{power[1:].lstrip('0').zfill(2)}"
    text = f"{value:.10g}"
    if "e" in text:
        text = f"{value:.10f}".rstrip("0").rstrip(".")
    return text


def formatted(value: Result, form: Json | None) -> str:
    """Return the text a cell shows."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return value
    if isinstance(value, ErrorValue):
        return value.text
    number = (form or {}).get("numberFormat") or {}
    kind = number.get("type")
    pattern = number.get("pattern") or _DEFAULT_PATTERNS.get(str(kind), "")
    if not pattern or kind == "TEXT":
        return general(value)
    return _date(value, pattern) if kind in _DATES else _number(value, pattern)


_DATE_PART = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm|.", re.IGNORECASE | re.DOTALL)


def _date(value: float, pattern: str) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=round(value * 86400))
    except OverflowError:
        return general(value)
    half = "am/pm" in pattern.lower()
    after_hour = False
    text = ""
    for part in _DATE_PART.findall(pattern):
        low = part.lower()
        if low in {"mm", "m"} and after_hour:
            text += f"{moment.minute:02d}" if low == "mm" else str(moment.minute)
            after_hour = False
            continue
        after_hour = low in {"h", "hh"} or (after_hour and not low.isalpha())
        text += _date_part(moment, low, part, half=half)
    return text


def _date_part(moment: datetime, low: str, part: str, *, half: bool) -> str:
    hour = (moment.hour % 12 or 12) if half else moment.hour
    made: dict[str, Callable[[], str]] = {
        "yyyy": lambda: f"{moment.year:04d}",
        "yy": lambda: f"{moment.year % 100:02d}",
        "mmmm": lambda: moment.strftime("%B"),
        "mmm": lambda: moment.strftime("%b"),
        "mm": lambda: f"{moment.month:02d}",
        "m": lambda: str(moment.month),
        "dddd": lambda: moment.strftime("%A"),
        "ddd": lambda: moment.strftime("%a"),
        "dd": lambda: f"{moment.day:02d}",
        "d": lambda: str(moment.day),
        "hh": lambda: f"{hour:02d}",
        "h": lambda: str(hour),
        "ss": lambda: f"{moment.second:02d}",
        "s": lambda: str(moment.second),
        "am/pm": lambda: "AM" if moment.hour < 12 else "PM",
    }
    return made[low]() if low in made else part


_NUMBER_PART = re.compile(r'"([^"]*)"|\[\$([^\]-]*)[^\]]*\]|([#0,]*[#0](?:\.[0#]*)?(?:E\+?0+)?|\.0+)|(.)', re.DOTALL)


def _number(value: float, pattern: str) -> str:
    """Format a number by its pattern's first section: digits, thousands, percent, exponent, literal text."""
    section = pattern.split(";", maxsplit=1)[0]
    sign = "-" if value < 0 else ""
    scaled = abs(value) * (100 if "%" in section else 1)
    text = ""
    for literal, symbol, digits, other in _NUMBER_PART.findall(section):
        if digits:
            text += _digits(scaled, digits)
        else:
            text += literal or symbol or other
    return sign + text


def _digits(value: float, pattern: str) -> str:
    mantissa, exponent, _ = pattern.partition("E")
    before, _, after = mantissa.partition(".")
    required, most = after.count("0"), len(after)
    if exponent:
        head, _, power = f"{value:.{most}E}".partition("E")
        return f"{head}E{power[0]}{power[1:].lstrip('0').zfill(2)}"
    text = f"{value:,.{most}f}" if "," in before else f"{value:.{most}f}"
    if most > required:
        whole_part, _, part = text.partition(".")
        part = part[:required] + part[required:].rstrip("0")
        text = f"{whole_part}.{part}" if part else whole_part
    missing = before.count("0") - len(text.partition(".")[0])
    return "0" * max(0, missing) + text


class Renderer:
    """Renders the cells of one book: `value` for the values services, `cell_data` for grid data."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator

    def value(self, sheet: Sheet, cell: Cell | None, place: tuple[int, int], option: str, dates: str) -> Any:
        """Return one cell as valueRenderOption and dateTimeRenderOption ask; "" where it is empty."""
        if cell is None or cell.value is None:
            return ""
        entered = cell.value
        if option == "FORMULA" and isinstance(entered, Formula):
            return entered.text
        result: Result
        result = self.evaluator.value(sheet, *place) if isinstance(entered, Formula) else entered
        kind = ((cell.format or {}).get("numberFormat") or {}).get("type")
        if option == "FORMATTED_VALUE" or (dates == "FORMATTED_STRING" and kind in _DATES):
            return formatted(result, cell.format)
        if isinstance(result, ErrorValue):
            return result.text
        return "" if result is None else result

    def cell_data(self, sheet: Sheet, cell: Cell | None, place: tuple[int, int], mask: masks.Mask) -> Json:
        """Return the CellData of one cell with what the mask names."""
        if cell is None:
            return {}
        found: Json = {}
        for name, make in _FIELDS.items() if not mask else [(n, _FIELDS[n]) for n in mask if n in _FIELDS]:
            part = make(self, sheet, cell, place)
            if part is not None:
                found[name] = part
        for name, part in (cell.extra or {}).items():
            if not mask or name in mask:
                found[name] = part
        if mask and any(mask.values()):
            found = masks.apply(found, mask)
        return found

    def result(self, sheet: Sheet, cell: Cell, place: tuple[int, int]) -> Result:
        """Return the value of a cell, calculated where it is a formula."""
        if isinstance(cell.value, Formula):
            return self.evaluator.value(sheet, *place)
        return cell.value


def extended(value: Any) -> Json | None:
    """Return a value as an ExtendedValue."""
    if type(value) is str:
        return {"stringValue": value}
    if value is None:
        return None
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, Formula):
        return {"formulaValue": value.text}
    if isinstance(value, ErrorValue):
        return {"errorValue": {"type": value.kind, "message": value.message}}
    return {"numberValue": value}


def effective_format(cell: Cell, result: Result) -> Json:
    """Return the default format with the cell's own over it, and the alignment its value gives."""
    base = {name: part for name, part in DEFAULT_FORMAT.items() if name != "numberFormat"}
    if isinstance(result, bool):
        base["horizontalAlignment"] = "CENTER"
    elif isinstance(result, int | float):
        base["horizontalAlignment"] = "RIGHT"
    elif result is not None:
        base["horizontalAlignment"] = "LEFT"
    own = cell.format or {}
    text = {**base["textFormat"], **own.get("textFormat", {})}
    return {**base, "hyperlinkDisplayType": "PLAIN_TEXT", **own, "textFormat": text}


# What makes each field of CellData, from the renderer, the sheet, the cell and its place.
_FIELDS: dict[str, Callable[[Renderer, Sheet, Cell, tuple[int, int]], Any]] = {
    "userEnteredValue": lambda *given: extended(given[2].value),
    "effectiveValue": lambda me, *given: extended(me.result(*given)),
    "formattedValue": lambda me, *given: formatted(me.result(*given), given[1].format) or None,
    "userEnteredFormat": lambda *given: given[2].format,
    "effectiveFormat": lambda me, *given: effective_format(given[1], me.result(*given)),
    "hyperlink": lambda me, *given: me.evaluator.link(given[1].value),
    "note": lambda *given: given[2].note,
    "dataValidation": lambda *given: given[2].validation,
}
