"""The contact sheet of a search, as a page and as one picture: the query, then what was found, nearest first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from finding.looking import Album
from finding.options import Matching
from finding.queries import Query
from finding.searching import Found, Match
from images import Picture
from images.thumbnails import thumbnails
from report.gallery import SIDE, card, shape_of
from report.page import image, page, text
from report.saving import save, save_png

_COLUMNS: Final = 5
_CELL: Final = 240
_LINES: Final = 54
_MOST_IN_PICTURE: Final = 500
"""Cells of the one picture: more would be a file that hardly any program opens."""
Small = Mapping[int, Image.Image]


def save_sheets(  # noqa: PLR0913, PLR0917 - what is shown, and where it goes
    html: Path | None,
    png: Path | None,
    queries: Mapping[str, Query],
    album: Album,
    found: Mapping[str, Found],
    matching: Matching,
) -> None:
    """Write the contact sheets that were asked for."""
    if not (html or png):
        return
    small = smalls_of(album, found)
    pictures = thumbnails([(query.path, query.picture) for query in queries.values()], SIDE)
    asked = dict(zip(queries, pictures, strict=True))
    if html:
        save(sheet_page(asked, album, found, matching, small).encode(), html)
    if png:
        save_png(sheet_picture(asked, album, found, matching, small), png)


def smalls_of(album: Album, found: Mapping[str, Found]) -> dict[int, Image.Image]:
    """Return a thumbnail for each picture that was found."""
    places = list(dict.fromkeys(match.place for one in found.values() for match in one.matches))
    pairs = [(album.files[i].path, reading) for i in places if isinstance(reading := album.readings[i], Picture)]
    return dict(zip(places, thumbnails(pairs, SIDE), strict=True))


def sheet_page(
    queries: Mapping[str, Image.Image], album: Album, found: Mapping[str, Found], matching: Matching, small: Small
) -> str:
    """Return the page."""
    parts = ["<h1>Search</h1>"]
    for query, one in found.items():
        cards = [
            card(small[match.place], album.files[match.place].path, shape_of(reading), _facts(match, matching))
            for match in one.matches
            if isinstance(reading := album.readings[match.place], Picture)
        ]
        parts.append(
            f"<section><h2>{text(query)}</h2>{image(queries[query], query)}"
            f'<h3>{len(cards)} found</h3><div class="cards">{"".join(cards)}</div></section>'
        )
    return page("Search", "\n".join(parts))


def sheet_picture(
    queries: Mapping[str, Image.Image], album: Album, found: Mapping[str, Found], matching: Matching, small: Small
) -> Image.Image:
    """Return the sheet as one picture: a row of its own begins with each query."""
    cells: list[list[tuple[Image.Image, Sequence[str]]]] = []
    for query, one in found.items():
        row: list[tuple[Image.Image, Sequence[str]]] = [(queries[query], ("query", query))]
        for rank, match in enumerate(one.matches, start=1):
            facts = f"{rank}. {matching.similarity(match.distance):.1f} %  {match.verdict}"
            row.append((small[match.place], (facts, album.files[match.place].path)))
        cells += [row[i : i + _COLUMNS] for i in range(0, len(row), _COLUMNS)]
    cells = cells[: _MOST_IN_PICTURE // _COLUMNS]
    sheet = Image.new("RGB", (_COLUMNS * _CELL, max(1, len(cells)) * (_CELL + _LINES)), "white")
    for y, row in enumerate(cells):
        for x, (picture, lines) in enumerate(row):
            _place(sheet, x * _CELL, y * (_CELL + _LINES), picture, lines)
    return sheet


def _place(sheet: Image.Image, x: int, y: int, picture: Image.Image, lines: Sequence[str]) -> None:
    shown = picture.copy()
    shown.thumbnail((_CELL - 16, _CELL - 16))
    sheet.paste(shown, (x + (_CELL - shown.width) // 2, y + (_CELL - shown.height) // 2))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for i, line in enumerate(lines):
        # The end of a path tells more than its beginning; the font has Latin letters only.
        words = "".join(char if " " <= char <= "ÿ" and char != "\x7f" else "?" for char in line)
        while draw.textlength(words, font) > _CELL - 16:
            words = "..." + words[4:]
        draw.text((x + 8, y + _CELL + 6 + 20 * i), words, "black", font)


def _facts(match: Match, matching: Matching) -> str:
    words = ", ".join(f"{name} {value}" for name, value in zip(matching.algorithms, match.each, strict=True))
    aligned = "" if match.alignment is None else f", alignment {match.alignment:.2f}"
    return f"{matching.similarity(match.distance):.1f} % ({words})<br>{match.verdict}{aligned}"
