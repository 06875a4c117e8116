"""What typing a text into a cell makes of it, as the Sheets editor does: numbers, dates, money, booleans, formulas."""

import math
import re
from datetime import date, datetime
from typing import Any

from tests.google.model import Cell, Formula, Json, Value

EPOCH = date(1899, 12, 30)  # serial number 0 of every spreadsheet program
MAX_LENGTH = 50_000

_NUMBER = re.compile(r"^[+-]?(?=\.?\d)(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?$")
_MONEY = re.compile(r"^(?P<sign>-?)\s*(?P<symbol>[$€£¥])\s*(?P<number>[\d,.]+)$")
_ISO = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$")
_US = re.compile(r"^(\d{1,2})[-/](\d{1,2})(?:[-/](\d{2}|\d{4}))?$")
_TIME = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?$")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WORDY = re.compile(r"^(?:(\d{1,2})[ -]([A-Za-z]{3,9})[ ,-]+(\d{4})|([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4}))$")

Typed = tuple[Value, Json | None]  # the value, and the numberFormat that typing gave it


def typed(text: str) -> Typed:
    """Parse a text as if typed into a cell of a spreadsheet in the locale en_US.

    >>> typed("1,234.50"), typed("50%"), typed("'007")
    ((1234.5, {'type': 'NUMBER', 'pattern': '#,##0.00'}), (0.5, {'type': 'PERCENT', 'pattern': '0%'}), ('007', None))
    >>> typed("2020-01-01"), typed("true"), typed("=1+1")
    ((43831, {'type': 'DATE', 'pattern': 'yyyy-mm-dd'}), (True, None), (Formula('=1+1'), None))
    """
    if text[:1].isalpha() and " " not in text and text[0] not in "tTfF":
        return text, None  # no number, date or flag looks so: most of what is typed or pasted leaves here
    if text.startswith("'"):
        return text[1:], None
    if text.startswith("=") and len(text) > 1:
        return Formula(text), None
    plain = text.strip()
    if plain.upper() in {"TRUE", "FALSE"}:
        return plain.upper() == "TRUE", None
    for parse in (_number, _money, _date_and_time):
        found = parse(plain)
        if found is not None:
            return found
    return (text, None) if text else (None, None)


def _number(text: str) -> Typed | None:
    percent = text.endswith("%")
    digits = text[:-1].rstrip() if percent else text
    if not _NUMBER.match(digits):
        return None
    value = float(digits.replace(",", ""))
    if math.isinf(value):
        return None
    decimals = "." in digits
    if percent:
        return whole(value / 100), {"type": "PERCENT", "pattern": "0.00%" if decimals else "0%"}
    if "e" in digits.lower():
        return whole(value), {"type": "SCIENTIFIC", "pattern": "0.00E+00"}
    if "," in digits:
        return whole(value), {"type": "NUMBER", "pattern": "#,##0.00" if decimals else "#,##0"}
    return whole(value), None


def _money(text: str) -> Typed | None:
    match = _MONEY.match(text)
    if not match:
        return None
    number = _number(match["number"])
    if number is None:
        return None
    value = number[0]
    if not isinstance(value, int | float):
        return None
    symbol = match["symbol"] if match["symbol"] == "$" else f"[${match['symbol']}]"
    pattern = f'"{symbol}"#,##0' if symbol == "$" else f"{symbol}#,##0"
    if "." in match["number"]:
        pattern += ".00"
    return (-value if match["sign"] else value), {"type": "CURRENCY", "pattern": pattern}


def _date_and_time(text: str) -> Typed | None:
    if not text or not any(c.isdigit() for c in text):
        return None
    found = _date(text)
    if found:
        return found[0], {"type": "DATE", "pattern": found[1]}
    clock = _clock(text)
    if clock:
        return clock[0], {"type": "TIME", "pattern": clock[1]}
    head, _, tail = text.replace("T", " ", 1).partition(" ")
    found, clock = _date(head), _clock(tail.strip())
    if found and clock:
        value = whole(found[0] + float(clock[0]))
        return value, {"type": "DATE_TIME", "pattern": f"{found[1]} {clock[1].replace(' am/pm', '')}"}
    return None


def _date(text: str) -> tuple[int, str] | None:
    """Return serial number and pattern of a date that exists."""
    match = _ISO.match(text)
    if match:
        day = _serial(int(match[1]), int(match[2]), int(match[3]))
        mark = text[4]
        return (day, f"yyyy{mark}mm{mark}dd") if day is not None else None
    match = _US.match(text)
    if match:
        year = int(match[3]) if match[3] else datetime.now().year
        if match[3] and len(match[3]) == 2:
            year += 2000 if year < 30 else 1900
        day = _serial(year, int(match[1]), int(match[2]))
        pattern = "m/d/yyyy" if match[3] and len(match[3]) == 4 else "m/d/yy" if match[3] else "m/d"
        return (day, pattern) if day is not None else None
    match = _WORDY.match(text)
    if match:
        name = (match[2] or match[4])[:3].lower()
        if name in _MONTHS:
            day = _serial(int(match[3] or match[6]), _MONTHS.index(name) + 1, int(match[1] or match[5]))
            return (day, "d mmm yyyy" if match[1] else "mmm d, yyyy") if day is not None else None
    return None


def _serial(year: int, month: int, day: int) -> int | None:
    try:
        return (date(year, month, day) - EPOCH).days
    except ValueError:
        return None


def _clock(text: str) -> tuple[float, str] | None:
    match = _TIME.match(text)
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    half = (match[4] or "").lower()
    if minute > 59 or second > 59 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    pattern = "h:mm:ss" if match[3] else "h:mm"
    return whole((hour * 3600 + minute * 60 + second) / 86400), pattern + (" am/pm" if half else "")


def whole(value: float) -> float | int:
    """Return an int where the number is one, as JSON shows it.

    >>> whole(4.0), whole(0.5)
    (4, 0.5)
    """
    return int(value) if value == int(value) and abs(value) < 2**63 else value


def raw(given: Any) -> Value:
    """Return what a JSON value becomes under RAW: itself, an empty text being nothing."""
    if isinstance(given, float):
        return whole(given)
    if given == "" and isinstance(given, str):
        return None
    return given if isinstance(given, str | int | bool) else None


def enter(cell: Cell | None, given: Any, *, parse: bool) -> Cell | None:
    """Return `cell` after `given` (a JSON scalar) was written into it; format, note and validation stay.

    Typing over a number format that the cell already has keeps it, except for a plain one.
    """
    pattern: Json | None = None
    if parse and isinstance(given, str):
        value, pattern = typed(given)
    else:
        value = raw(given)
    if cell is None:
        if value is None:
            return None
        return Cell(value, {"numberFormat": pattern} if pattern else None)
    form = cell.format
    if pattern and "numberFormat" not in (form or {}):
        form = {**(form or {}), "numberFormat": pattern}
    extra = cell.extra
    if extra and "textFormatRuns" in extra:
        extra = {name: part for name, part in extra.items() if name != "textFormatRuns"} or None
    return cell.but(value=value, format=form, extra=extra)
