"""Field masks: `a.b`, `a/b`, `a(b,c)` and `*`, as the `fields` parameter and the update requests use them."""

from typing import Any

from tests.google.errors import ApiError

Mask = dict[str, Any]  # name -> Mask; an empty mask keeps everything below
MAX_DEPTH = 64  # deeper masks cannot name anything in the schema


def parse(text: str) -> Mask:
    """Parse a mask into nested dictionaries; `{}` and `*` mean everything.

    >>> parse("sheets(properties/title,data.rowData),namedRanges")
    {'sheets': {'properties': {'title': {}}, 'data': {'rowData': {}}}, 'namedRanges': {}}
    >>> parse("*")
    {}
    """
    mask, rest = _parse_list(text.strip(), 0)
    if rest:
        raise _invalid(text)
    return mask


def _parse_list(text: str, depth: int) -> tuple[Mask, str]:
    if depth > MAX_DEPTH:
        raise _invalid(text)
    mask: Mask = {}
    everything = False
    while True:
        name, text = _parse_name(text)
        node = mask
        path = [name]
        while text[:1] in {".", "/"}:
            name, text = _parse_name(text[1:])
            path.append(name)
        below: Mask = {}
        if text[:1] == "(":
            below, text = _parse_list(text[1:], depth + 1)
            if text[:1] != ")":
                raise _invalid(text)
            text = text[1:].lstrip()
        everything = everything or path == ["*"]
        _insert(node, [part for part in path if part != "*"], below)
        if text[:1] != ",":
            return ({} if everything else mask), text
        text = text[1:]


def _parse_name(text: str) -> tuple[str, str]:
    text = text.lstrip()
    end = 0
    while end < len(text) and (text[end].isalnum() or text[end] in "_*-"):
        end += 1
    if not end:
        raise _invalid(text)
    return text[:end], text[end:].lstrip()


def _insert(mask: Mask, path: list[str], below: Mask) -> None:
    """Add one path; a path that is already kept whole stays whole."""
    for position, name in enumerate(path):
        known = name in mask
        if known and not mask[name]:
            return
        if position == len(path) - 1:
            if below and known:
                for key, value in below.items():
                    _insert(mask[name], [key], value)
            else:
                mask[name] = below
            return
        mask = mask.setdefault(name, {})


def _invalid(text: str) -> ApiError:
    return ApiError(
        400,
        "Request contains an invalid argument.",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": "fields", "description": f"Error expanding 'fields' parameter. Cannot parse '{text}'."}
                ],
            }
        ],
    )


def apply(value: Any, mask: Mask) -> Any:
    """Return `value` with only what the mask names; the structure above a missing field stays.

    >>> apply({"sheets": [{"properties": {"index": 0}}], "id": 1}, parse("sheets.properties.tabColor"))
    {'sheets': [{'properties': {}}]}
    """
    if not mask:
        return value
    if isinstance(value, list):
        return [apply(item, mask) for item in value]
    if isinstance(value, dict):
        return {name: apply(item, mask[name]) for name, item in value.items() if name in mask}
    return value


def wants(mask: Mask, *path: str) -> bool:
    """Say whether anything at `path`, or below or above it, is kept."""
    for name in path:
        if not mask:
            return True
        if name not in mask:
            return False
        mask = mask[name]
    return True


def leaves(mask: Mask, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths a mask names, as tuples, in order."""
    found = []
    for name, below in mask.items():
        path = (*prefix, name)
        found.extend(leaves(below, path) if below else [path])
    return found
