"""The address a cell names: plain text, a HYPERLINK or an IMAGE formula."""

import re

# The first argument of the two functions, when it is a literal; Sheets and Excel differ in the separator.
_CALL = re.compile(r'\s*[=+]\s*(?:_xlfn\.)?(?:HYPERLINK|IMAGE)\s*\(\s*"((?:[^"]|"")*)"\s*[,;)]', re.IGNORECASE)


def address_in(text: str, formula: str | None = None, link: str | None = None) -> str:
    """Return the address that a cell names, "" for a blank cell.

    `text` is the cell as it is shown, `formula` its formula (with `=`), `link` the target of a rich link. A
    formula's literal address counts first; then text that is itself an address; then the link; then the text.

    >>> address_in("a cat", formula='=HYPERLINK("https://example.org/cat.jpg"; "a cat")')
    'https://example.org/cat.jpg'
    >>> address_in("a cat", link="https://example.org/cat.jpg"), address_in("  ")
    ('https://example.org/cat.jpg', '')
    """
    if formula and (call := _CALL.match(formula)):
        return call[1].replace('""', '"').strip()
    shown = text.strip()
    if link and not has_scheme(shown):
        return link.strip()
    return shown


def has_scheme(text: str) -> bool:
    """Say whether a text begins as an absolute address does (`https:`, `data:` ...).

    >>> has_scheme("https://example.org/a.jpg"), has_scheme("cat.jpg"), has_scheme("URL")
    (True, False, False)
    """
    return re.match(r"(?:[a-z][a-z0-9+.-]*://|data:)", text, re.IGNORECASE) is not None
