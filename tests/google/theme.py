"""What a new spreadsheet looks like: the default properties, format and theme, as the recordings show them."""

import struct
from typing import Any


def color(red: float = 0, green: float = 0, blue: float = 0) -> dict[str, float]:
    """Return a color as it is stored: eight bits a channel, written as the shortest 32-bit float, zeros left out.

    Google cuts the channel to eight bits: 0.5 becomes 127/255 (from the recordings).

    >>> color(1, 0, 0.5)
    {'red': 1, 'blue': 0.49803922}
    """
    found = {}
    for name, channel in (("red", red), ("green", green), ("blue", blue)):
        byte = max(0, min(255, int(channel * 255 + 1e-4)))
        if byte:
            found[name] = 1 if byte == 255 else shortest_float32(byte / 255)
    return found


def shortest_float32(value: float) -> float:
    """Return the number with the fewest digits that is the same 32-bit float."""
    packed = struct.pack("f", value)
    (exact,) = struct.unpack("f", packed)
    digits = next(n for n in range(1, 10) if struct.pack("f", float(f"{exact:.{n}g}")) == packed)
    return float(f"{exact:.{digits}g}")


def _rgb(code: int) -> dict[str, Any]:
    return {"rgbColor": color(*((code >> shift & 255) / 255 for shift in (16, 8, 0)))}


WHITE = {"red": 1, "green": 1, "blue": 1}
THEME = {
    "primaryFontFamily": "Arial",
    "themeColors": [
        {"colorType": name, "color": _rgb(code)}
        for name, code in (
            ("TEXT", 0x000000),
            ("BACKGROUND", 0xFFFFFF),
            ("ACCENT1", 0x4285F4),
            ("ACCENT2", 0xEA4335),
            ("ACCENT3", 0xFBBC04),
            ("ACCENT4", 0x34A853),
            ("ACCENT5", 0xFF6D01),
            ("ACCENT6", 0x46BDC6),
            ("LINK", 0x1155CC),
        )
    ],
}
DEFAULT_FORMAT: dict[str, Any] = {
    "backgroundColor": WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": WHITE},
}


def default_properties(title: str) -> dict[str, Any]:
    """Return the SpreadsheetProperties of a new file; never changed in place."""
    return {
        "title": title,
        "locale": "en_US",
        "autoRecalc": "ON_CHANGE",
        "timeZone": "Etc/GMT",
        "defaultFormat": DEFAULT_FORMAT,
        "spreadsheetTheme": THEME,
    }
