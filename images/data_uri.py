"""`data:` URIs, which carry their picture in the text itself. Pure."""

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from images.results import Problem

_HEAD: Final = re.compile(r"data:(?P<kind>[^,]*),", re.IGNORECASE)


def read_data_uri(text: str) -> bytes | Problem:
    """Return the bytes in a `data:` URI; base64 is read as browsers do, blanks and missing padding allowed.

    >>> read_data_uri("data:text/plain,a%20cat"), read_data_uri("data:image/gif;base64,R0lG ODc")
    (b'a cat', b'GIF87')
    >>> read_data_uri("data:image/gif").status
    'not_a_url'
    """
    head = _HEAD.match(text)
    if head is None:
        return Problem("not_a_url", "The data: address is not complete.")
    content = unquote_to_bytes(text[head.end() :])
    if not head["kind"].rstrip().lower().endswith(";base64"):
        return content
    packed = re.sub(rb"[\s=]", b"", content).translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except binascii.Error:
        return Problem("not_a_url", "The data: address is not proper base64.")
