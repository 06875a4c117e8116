"""Which kind of document some bytes are, by their content alone: never by a name or a Content-Type. Pure."""

import re
from typing import Final

from images.results import Problem

HEAD: Final = 4096
"""How many first bytes `sniff` needs to see (an SVG may begin with a long comment)."""

_MAGIC: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\1\0", "ICO"),
)
# Brands in the `ftyp` box that opens an ISO media file, https://mp4ra.org/registered-types/brands
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"})
_UNSUPPORTED: Final = (
    (b"8BPS", "Photoshop (PSD)"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\2\0", "Windows cursor (CUR)"),
    (b"qoif", "QOI"),
    (b"DDS ", "DirectDraw (DDS)"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"\xd7\xcd\xc6\x9a", "Windows Metafile"),
    (b"icns", "Apple icon (ICNS)"),
    (b"AT&TFORM", "DjVu"),
)
_OTHER: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK\3\4", "a zip archive or an Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"OggS", "a sound or a video"),
    (b"ID3", "a sound"),
    (b"RIFF", "a sound or a video"),
    (b"FLV", "a video"),
    (b"{", "JSON data"),
    (b"[", "JSON data"),
    (b"<", "an XML document"),
)
_SVG: Final = re.compile(rb"<(?:\w+:)?svg[\s>]", re.IGNORECASE)
_HTML: Final = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|title|meta|div|p|h1|a|iframe)[\s>]", re.IGNORECASE
)
_TEXT: Final = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+")


def sniff(head: bytes) -> str | Problem:
    r"""Return the format of a picture we decode, by its first bytes, or what the document is instead.

    >>> sniff(b"\xff\xd8\xff\xe0..JFIF"), sniff(b"RIFF....WEBPVP8 ")
    ('JPEG', 'WEBP')
    >>> sniff(b"<!DOCTYPE html><title>Not found</title>").reason
    'The document is a web page (HTML), not a picture.'
    >>> sniff(b"<svg xmlns='http://www.w3.org/2000/svg'>").status
    'unsupported_format'
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    for magic, name in _UNSUPPORTED:
        if head.startswith(magic):
            return _unsupported(name)
    return _no_picture(head)


def _iso_media(head: bytes) -> str | Problem:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIC_BRANDS:
        return "HEIF"
    if brands & {b"mif1", b"msf1"}:
        return _unsupported("HEIF with an unknown codec")
    return Problem("not_an_image", "The document is a video, not a picture.")


def _no_picture(head: bytes) -> Problem:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        return Problem("not_an_image", "The document is empty.")
    if _SVG.search(text) and text.startswith(b"<") and not _HTML.match(text):
        return _unsupported("SVG")
    if _HTML.match(text) or (text.startswith(b"<!--") and _HTML.search(text)):
        return Problem("not_an_image", "The document is a web page (HTML), not a picture.")
    for magic, kind in _OTHER:
        if text.startswith(magic):
            return Problem("not_an_image", f"The document is {kind}, not a picture.")
    kind = "text" if _TEXT.fullmatch(text) else "of an unknown kind"
    return Problem("not_an_image", f"The document is {kind}, not a picture.")


def _unsupported(name: str) -> Problem:
    return Problem("unsupported_format", f"The format {name} is not supported.")
