"""The page of groups: families and look-alikes beside each other, with thumbnails, distances and suggested keepers."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from PIL import Image

from finding.looking import Album
from finding.options import Matching
from hashing import Arrangement
from images import Picture
from images.thumbnails import thumbnails
from report.folder_result import distances_to_keepers
from report.page import image, page, text
from report.sizes import size

SIDE = 240
"""Pixels of a thumbnail, shown at up to 150: sharp on dense screens, some 10 kB each."""


def gallery(album: Album, arrangement: Arrangement, matching: Matching, progress: Callable[[int], None]) -> str:
    """Return the page; pictures that are like no other are not on it."""
    shown = [i for i in arrangement.order if arrangement.block[i] is not None]
    pairs = [(album.files[i].path, reading) for i in shown if isinstance(reading := album.readings[i], Picture)]
    small = dict(zip(shown, thumbnails(pairs, SIDE, progress), strict=True))
    told = _told(album, arrangement, matching)
    keepers = {group.representative for group in arrangement.groups}
    cards = {
        i: card(small[i], album.files[i].path, shape_of(reading), told.get(i, ""), keep=i in keepers)
        for i in shown
        if isinstance(reading := album.readings[i], Picture)
    }
    blocks = [list(block) for _, block in groupby(shown, key=lambda i: arrangement.block[i])]
    sections = [_section(number, block, arrangement, cards) for number, block in enumerate(blocks, 1)]
    grouped = sum(len(group.members) for group in arrangement.groups)
    body = (
        f"<h1>Near-duplicates</h1>\n<p>{len(album.pictures)} pictures in"
        f" {', '.join(text(root) for root in dict.fromkeys(file.root for file in album.files))}:"
        f" {len(arrangement.groups)} groups hold {grouped}. All pictures of a group show the same; families are"
        f" connected by pairs that do; what looks alike stands in one frame.</p>\n"
    )
    return page("Near-duplicates", body + "\n".join(sections))


def card(picture: Image.Image, path: str, shape: str, facts: str, *, keep: bool = False) -> str:
    """Return one picture with its name and what is known of it; `facts` is markup of ours."""
    badge = '<span class="badge">keep</span> ' if keep else ""
    return (
        f'<figure{" class=keep" if keep else ""}><div class="frame">{image(picture, path)}</div>'
        f"<figcaption><b>{text(path)}</b>{badge}{text(shape)}{f'<br>{facts}' if facts else ''}</figcaption></figure>"
    )


def shape_of(picture: Picture) -> str:
    """Return the size of a picture in pixels and in bytes."""
    return f"{picture.width} x {picture.height}, {size(picture.bytes)}"


def _told(album: Album, arrangement: Arrangement, matching: Matching) -> dict[int, str]:
    """Return for each member of a group but its keeper the distances to that one."""
    told = {}
    for group, table in zip(arrangement.groups, distances_to_keepers(album, arrangement), strict=True):
        for i, each in zip(group.members, table, strict=True):
            distance = sorted(each)[matching.quorum - 1]
            words = ", ".join(f"{name} {value}" for name, value in zip(matching.algorithms, each, strict=True))
            told[i] = "" if i == group.representative else f"{matching.similarity(distance):.0f} % alike ({words})"
    return told


def _section(number: int, block: Sequence[int], arrangement: Arrangement, cards: Mapping[int, str]) -> str:
    parts = []
    for (family, group), members in groupby(block, key=lambda i: (arrangement.family[i], arrangement.group[i])):
        heading = "Looks alike" if group is None else f"Group {group}, family {family}"
        if group is None and family is not None:
            heading = f"In family {family}, but in no group"
        shown = "".join(cards[i] for i in members)
        parts.append(f'<h3>{heading}</h3>\n<div class="cards">{shown}</div>')
    return f"<section><h2>Block {number}</h2>\n{''.join(parts)}</section>"
