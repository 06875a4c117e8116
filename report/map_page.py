"""The map of an album, as one picture and as a page in which one can move: near-duplicates lie together."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from console.messages import plain
from finding.looking import Album
from hashing import Arrangement
from images import Picture
from images.thumbnails import thumbnails
from report.gallery import shape_of
from report.page import data_uri, page
from report.saving import save, save_png

TILE: Final = 64
_ROW: Final = 24
"""Tiles in a row of a sheet of tiles: pages hold few large pictures better than thousands of small ones."""
_PICTURE: Final = 3000

_STYLE: Final = """
body{padding:0;height:100dvh;display:grid;grid-template-rows:auto 1fr auto;overflow:hidden}
header,footer{padding:.6rem 1rem}header p{margin:0;max-width:none;font-size:.85rem}h1{font-size:1.1rem}
#stage{position:relative;min-height:0}
canvas{position:absolute;inset:0;width:100%;height:100%;touch-action:none;cursor:grab;outline-offset:-3px}
footer{font-size:.85rem;min-height:2.6rem;border-top:1px solid var(--line);background:var(--card);
overflow-wrap:anywhere;max-height:6rem;overflow:auto}
.sheet{display:none;max-width:none;max-height:none}
"""

_SCRIPT: Final = """
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
const told = document.querySelector("footer"), sheets = [...document.querySelectorAll(".sheet")];
const view = {scale: 1, x: 0, y: 0};
const fingers = new Map();
let chosen = -1, asked = false, moved = 0;
const side = () => Math.min(canvas.clientWidth, canvas.clientHeight);
const usual = () => 0.8 * side() / Math.sqrt(data.pictures.length + 8);
const tile = () => Math.min(data.tile * 1.5, Math.max(6, usual() * view.scale));
const place = (p) => [canvas.clientWidth / 2 + ((p.x - .5) * side() + view.x) * view.scale,
                      canvas.clientHeight / 2 + ((p.y - .5) * side() + view.y) * view.scale];
function draw() {
  asked = false;
  const dense = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * dense), height = Math.round(canvas.clientHeight * dense);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  const size = tile();
  const one = (i) => {
    const p = data.pictures[i], [x, y] = place(p);
    if (x < -size || y < -size || x > canvas.clientWidth + size || y > canvas.clientHeight + size) return;
    const w = size * p.w / data.tile, h = size * p.h / data.tile, slot = i % data.slots;
    pen.drawImage(sheets[Math.floor(i / data.slots)], slot % data.row * data.tile,
      Math.floor(slot / data.row) * data.tile, p.w, p.h, x - w / 2, y - h / 2, w, h);
    if (p.group) {
      pen.strokeStyle = `hsl(${p.group * 137.5 % 360} 75% 50%)`;
      pen.lineWidth = i === chosen ? 4 : 2;
      pen.strokeRect(x - w / 2, y - h / 2, w, h);
    } else if (i === chosen) {
      pen.strokeStyle = "#888"; pen.lineWidth = 4; pen.strokeRect(x - w / 2, y - h / 2, w, h);
    }
  };
  for (let i = 0; i < data.pictures.length; i++) one(i);
  if (chosen >= 0) one(chosen);
}
function redraw() { if (!asked) { asked = true; requestAnimationFrame(draw); } }
function choose(event) {
  const box = canvas.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
  let best = tile(), found = -1;
  data.pictures.forEach((p, i) => {
    const [x, y] = place(p), far = Math.hypot(x - px, y - py);
    if (far < best) { best = far; found = i; }
  });
  if (found !== chosen) { chosen = found; tell(); redraw(); }
}
function tell() {
  if (chosen < 0) { told.textContent = data.hint; return; }
  const p = data.pictures[chosen];
  told.textContent = p.path + " \\u00b7 " + p.shape + (p.group ? " \\u00b7 group " + p.group : "");
}
function zoom(factor, cx, cy) {
  const scale = Math.min(400, Math.max(.7, view.scale * factor)), turn = 1 / scale - 1 / view.scale;
  view.x += (cx - canvas.clientWidth / 2) * turn; view.y += (cy - canvas.clientHeight / 2) * turn;
  view.scale = scale; redraw();
}
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
}, {passive: false});
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId); fingers.set(event.pointerId, event); moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) { choose(event); return; }
  if (fingers.size === 1) {
    const dx = event.clientX - last.clientX, dy = event.clientY - last.clientY;
    moved += Math.abs(dx) + Math.abs(dy);
    view.x += dx / view.scale; view.y += dy / view.scale; redraw();
  } else if (fingers.size === 2) {
    const other = [...fingers.values()].find((one) => one.pointerId !== event.pointerId);
    const span = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY) || 1;
    const box = canvas.getBoundingClientRect();
    moved += 9;
    zoom(span(event) / span(last), (event.clientX + other.clientX) / 2 - box.left,
      (event.clientY + other.clientY) / 2 - box.top);
  }
  fingers.set(event.pointerId, event);
});
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => {
  fingers.delete(event.pointerId);
  if (kind === "pointerup" && moved < 6) choose(event);
});
canvas.addEventListener("keydown", (event) => {
  const step = 60 / view.scale;
  const keys = {ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step]};
  if (keys[event.key]) { view.x += keys[event.key][0]; view.y += keys[event.key][1]; redraw(); }
  else if (event.key === "+" || event.key === "=") zoom(1.3, canvas.clientWidth / 2, canvas.clientHeight / 2);
  else if (event.key === "-") zoom(1 / 1.3, canvas.clientWidth / 2, canvas.clientHeight / 2);
  else return;
  event.preventDefault();
});
addEventListener("resize", redraw);
tell();
Promise.all(sheets.map((sheet) => sheet.decode())).then(() => {
  document.documentElement.dataset.drawn = String(data.pictures.length); draw();
});
"""


def save_map(
    album: Album,
    arrangement: Arrangement,
    places: NDArray[np.float64],
    target: Path,
    progress: Callable[[int, int], None],
) -> tuple[Path, Path]:
    """Write map.html and map.png to a folder and return their names; `places` are those of the readable pictures."""
    pairs = [(album.files[i].path, one) for i in album.pictures if isinstance(one := album.readings[i], Picture)]
    small = list(thumbnails(pairs, TILE, lambda done: progress(done, len(pairs))))
    save(map_page(album, arrangement, places, small).encode(), target / "map.html")
    save_png(map_picture(places, small), target / "map.png")
    return target / "map.html", target / "map.png"


def map_page(album: Album, arrangement: Arrangement, places: NDArray[np.float64], small: Sequence[Image.Image]) -> str:
    """Return the page; `places` (m, 2) and `small` (at most TILE pixels a side) are of the readable pictures."""
    slots = _ROW * _ROW
    pictures: list[dict[str, Any]] = []
    for row, i in enumerate(album.pictures):
        reading = album.readings[i]
        if isinstance(reading, Picture):
            x, y = places[row].round(5).tolist()
            one = {"x": x, "y": y, "w": small[row].width, "h": small[row].height, "group": arrangement.group[i]}
            pictures.append(one | {"path": plain(album.files[i].path, 1000), "shape": shape_of(reading)})
    hint = "Drag to move, turn the wheel or pinch to come nearer, point at a picture to read its name."
    data = {"tile": TILE, "row": _ROW, "slots": slots, "hint": hint, "pictures": pictures}
    sheets = "".join(
        f'<img class="sheet" alt="" src="{data_uri(_sheet(small[start : start + slots]))}">'
        for start in range(0, len(small), slots)
    )
    body = (
        f"<header><h1>Map of {len(small)} pictures</h1><p>What is near looks alike; near-duplicates lie together,"
        " each group with a frame of its own colour.</p></header>\n"
        f'<div id="stage"><canvas tabindex="0" role="img" aria-label="Map of {len(small)} pictures"></canvas></div>\n'
        f'<footer aria-live="polite"></footer>\n{sheets}'
    )
    return page("Map of pictures", body, style=_STYLE, script=_SCRIPT, data=json.dumps(data))


def map_picture(places: NDArray[np.float64], small: Sequence[Image.Image]) -> Image.Image:
    """Return the map as one picture; tiles are as large as their number allows."""
    tile = int(min(TILE, max(8, 0.9 * _PICTURE / math.sqrt(len(small) + 8))))
    made = Image.new("RGB", (_PICTURE, _PICTURE), "white")
    for (x, y), picture in zip((places * _PICTURE).round().astype(int).tolist(), small, strict=True):
        shown = picture.copy()
        shown.thumbnail((tile, tile))
        made.paste(shown, (x - shown.width // 2, y - shown.height // 2))
    return made


def _sheet(small: Sequence[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (_ROW * TILE, -(-len(small) // _ROW) * TILE), "white")
    for i, picture in enumerate(small):
        sheet.paste(picture, (i % _ROW * TILE, i // _ROW * TILE))
    return sheet
