"""Draw the README's picture: the same rows before and after, with their thumbnails. `python -m demo.drawing FILE`."""

import hashlib
import random
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from demo.pictures import PHOTOGRAPHS, copies, originals
from hashing import DEFAULT_THRESHOLD, Ballot, Content, arrange, fingerprint

_SHOWN = ("astronaut", "chelsea", "coffee", "rocket")
_KINDS = ("original.jpg", "cropped.jpg", "watermarked.jpg")
_ROW, _HEAD, _TABLE, _GAP = 46, 40, 430, 60
_COLOURS = ("#fff3d6", "#dcefff", "#e4f6df", "#f6e3f3")
_DEAD = "gone/photo.jpg"


def main(target: Path) -> None:
    """Write the picture to `target`."""
    chance = random.Random(3)  # noqa: S311 - the same picture every time
    files = {f"{name}/{kind}": data for name, picture in originals().items() if name in _SHOWN
             for kind, data in copies(picture, chance).items() if kind in _KINDS}  # fmt: skip
    before = [*files, _DEAD]
    chance.shuffle(before)
    after = [before[i] for i in _arranged([files.get(name) for name in before])]
    sheet = Image.new("RGB", (2 * _TABLE + _GAP + 1, _HEAD + _ROW * (len(before) + 1) + 1), "white")
    _table(sheet, 0, "before", before, files)
    _table(sheet, _TABLE + _GAP, "after", after, files)
    x, y = _TABLE + _GAP // 2, sheet.height // 2
    ImageDraw.Draw(sheet).polygon([(x - 12, y - 14), (x + 14, y), (x - 12, y + 14)], "#888888")
    sheet.quantize(128).save(target, optimize=True)


def _arranged(files: Sequence[bytes | None]) -> tuple[int, ...]:
    """Return the order that the program itself gives these rows; None is a dead link."""
    contents: list[Content | None] = []
    for data in files:
        if data is None:
            contents.append(None)
            continue
        with Image.open(BytesIO(data)) as picture:
            size = picture.width * picture.height
            contents.append(Content(hashlib.sha256(data).hexdigest(), fingerprint(picture), size, len(data)))
    return arrange(contents, Ballot(DEFAULT_THRESHOLD)).order


def _table(sheet: Image.Image, left: int, title: str, rows: Sequence[str], files: dict[str, bytes]) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.text((left + _TABLE // 2, _HEAD // 2), title, "#222222", ImageFont.load_default(20), anchor="mm")
    _cells(draw, left, _HEAD, ("", "A", "B  url", "C  label"), "#eeeeee")
    labels = {Path(name).stem: label for name, label in PHOTOGRAPHS.items()}
    for i, name in enumerate(rows):
        top = _HEAD + _ROW * (i + 1)
        owner = name.split("/")[0]
        colour = _COLOURS[_SHOWN.index(owner)] if title == "after" and owner in _SHOWN else "white"
        _cells(draw, left, top, (str(i + 2), "", name, labels.get(owner, "?")), colour)
        if name in files:
            with Image.open(BytesIO(files[name])) as picture:
                picture.thumbnail((_ROW - 6, _ROW - 6))
                sheet.paste(picture, (left + 45, top + (_ROW - picture.height) // 2))


def _cells(draw: ImageDraw.ImageDraw, left: int, top: int, texts: Sequence[str], colour: str) -> None:
    font = ImageFont.load_default(14)
    for text, x, width in zip(texts, (0, 36, 96, 330), (36, 60, 234, 100), strict=True):
        draw.rectangle((left + x, top, left + x + width, top + _ROW), colour if x else "#eeeeee", "#cccccc")
        draw.text((left + x + 8, top + _ROW // 2), text, "#222222", font, anchor="lm")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
