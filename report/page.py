"""A page that is one file: everything is inside, nothing is asked for, and no name in it can become code."""

import base64
import hashlib
import html
import io
from typing import Final

from PIL import Image

from console.messages import plain

STYLE: Final = """
:root{color-scheme:light dark;--ground:#f6f6f4;--card:#fff;--ink:#1c1d1f;--faint:#5d6066;--line:#d9d9d4;--keep:#1a7f45;
--keep-ground:#e3f4e9}
@media(prefers-color-scheme:dark){:root{--ground:#17181a;--card:#222427;--ink:#ececea;--faint:#a3a6ab;--line:#3a3d41;
--keep:#6fd69a;--keep-ground:#193626}}
*{box-sizing:border-box}
body{margin:0;padding:1.2rem clamp(.8rem,3vw,2.5rem) 3rem;background:var(--ground);color:var(--ink);
font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.45rem;margin:.2rem 0}h2{font-size:1.05rem;margin:0 0 .6rem}h3{font-size:.9rem;margin:.9rem 0 .4rem;
color:var(--faint);font-weight:600}
p{margin:.2rem 0 1rem;color:var(--faint);max-width:70ch;overflow-wrap:anywhere}
section{border:1px solid var(--line);border-radius:12px;padding:1rem;margin:0 0 1rem;content-visibility:auto;
contain-intrinsic-size:auto 320px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(170px,44vw),1fr));gap:.8rem}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.6rem;min-width:0}
figure.keep{border:2px solid var(--keep)}
.frame{height:150px;display:flex;align-items:center;justify-content:center}
img{width:auto;height:auto;max-width:100%;max-height:150px;border-radius:4px}
figcaption{margin-top:.5rem;font-size:.8rem;color:var(--faint);overflow-wrap:anywhere}
figcaption b{color:var(--ink);font-weight:600;display:block}
.badge{display:inline-block;background:var(--keep-ground);color:var(--keep);border-radius:99px;padding:0 .55rem;
font-weight:600}
"""


def page(title: str, body: str, *, style: str = "", script: str = "", data: str = "") -> str:
    """Return a whole document; `body`, `style` and `script` are ours, all foreign text in them is escaped.

    `data` is JSON, which the script finds in the element `data`. The Content-Security-Policy lets in what is in the
    page itself: this style, this script, and pictures that are part of it.
    """
    css = STYLE + style
    policy = [
        "default-src 'none'", "img-src data:", f"style-src '{_digest(css)}'",
        f"script-src '{_digest(script)}'" if script else "script-src 'none'", "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip
    safe = data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    scripts = (
        f'<script type="application/json" id="data">{safe}</script>\n<script>{script}</script>\n' if script else ""
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{text(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n{body}\n{scripts}</body>\n</html>\n"
    )


def text(foreign: str, limit: int = 1000) -> str:
    """Return foreign text for a page: without control and direction characters, and with markup as plain signs.

    >>> text('<b>"&')
    '&lt;b&gt;&quot;&amp;'
    """
    return html.escape(plain(foreign, limit), quote=True)


def image(picture: Image.Image, alt: str) -> str:
    """Return an element with the picture in it."""
    width, height = picture.size
    return f'<img src="{data_uri(picture)}" width="{width}" height="{height}" alt="{text(alt)}">'


def data_uri(picture: Image.Image, quality: int = 78) -> str:
    """Return a picture as an address that holds it."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
