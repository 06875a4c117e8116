"""XML as this back-end reads and writes it; the one file that imports lxml."""

import io

from lxml import etree

from errors import UsageError

Element = etree._Element

_SPREADSHEET = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",  # the strict flavour
)
_RELATIONSHIP_ID = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
TRUE = ("1", "true", "on")


def parse(data: bytes, part: str) -> Element:
    """Return the root of a part. Raises `UsageError` for XML that is damaged or that declares entities.

    Nothing outside the text is loaded. libxml2's own limits stay on (`huge_tree` off): they bound one text and the
    depth, not the length of a sheet, whose size `package` bounds.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise UsageError(
            f"The workbook is damaged: {part} is no well-formed XML ({error.msg}).",
            "Open it in Excel or LibreOffice, let it repair the file, and save it again.",
        ) from error
    return _without_entities(root, part)


def parse_rows(data: bytes, part: str, last: int) -> Element:
    """Return the root of a sheet, read as far as its row `last` is complete; what comes after it may be missing.

    Raises `UsageError` as `parse` does, for what it has read.
    """
    limits = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    reading = etree.iterparse(io.BytesIO(data), events=("end",), tag="{*}row", **limits)
    number = 0
    try:
        for _, row in reading:
            number = int(row.get("r", str(number + 1)))
            if number >= last:
                return _without_entities(row.getroottree().getroot(), part)
    except (etree.XMLSyntaxError, ValueError):
        pass  # reading it whole will say what is wrong
    return parse(data, part)


def _without_entities(root: Element, part: str) -> Element:
    if root.getroottree().docinfo.internalDTD is not None:
        raise UsageError(f"{part} declares a document type, which no workbook does.", "Save the file again in Excel.")
    return root


def serialise(root: Element) -> bytes:
    """Return the bytes of a part, as Office writes its head."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def namespace(root: Element, part: str) -> str:
    """Return the SpreadsheetML namespace of a part in braces, to stand before a tag's name."""
    found = etree.QName(root).namespace
    if found not in _SPREADSHEET:
        raise UsageError(f"{part} is not a part of an .xlsx workbook.", "Save the file as .xlsx in Excel.")
    return f"{{{found}}}"


def local(element: Element) -> str:
    """Return the tag's name without its namespace ("" for a comment or instruction)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def relationship_id(element: Element) -> str | None:
    """Return the `r:id` of an element, in either flavour."""
    return element.get(_RELATIONSHIP_ID[0]) or element.get(_RELATIONSHIP_ID[1])


def whole_number(text: str | None, default: int = 0) -> int:
    """Return a number in an attribute; `default` where it is left out. Raises `UsageError` for text that is none."""
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise UsageError(
            f"The workbook is damaged: {text!r} stands where a number should.",
            "Open it in Excel, let it repair the file, and save it again.",
        )
    return int(text)


def new_child(parent: Element, tag: str) -> Element:
    """Return a new last child of `parent`."""
    return etree.SubElement(parent, tag)


def canonical(element: Element) -> str:
    """Return the element as text that is equal for equal content."""
    return etree.tostring(element, method="c14n", with_comments=False).decode()


def children(root: Element, tag: str) -> list[Element]:
    """Return what is in a list of the root, such as the `hyperlink`s in its `hyperlinks`; nothing without it."""
    found = root.find(tag)
    return [] if found is None else list(found.iterchildren("{*}*"))
