"""What goes over the wire: requests and answers as values, and JSON as Google reads and writes it."""

import json
import math
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.google.errors import bad_request

PRETTY_UP_TO = 262_144  # characters; larger answers stay on one line, as writing them prettily costs seconds


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `host` is empty when it came straight to the stand-in's own address."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    host: str = ""

    @property
    def path(self) -> str:
        """The path without the query, still escaped."""
        return urlsplit(self.target).path

    @property
    def segments(self) -> list[str]:
        """The parts of the path, unescaped one by one, so that an escaped slash stays inside its part."""
        return [unquote(part) for part in self.path.split("/") if part]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query parameters, each with all its values."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(urlsplit(self.target).query, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, ready to be sent."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body, printed with two spaces as Google does."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= PRETTY_UP_TO:
        text = json.dumps(value, ensure_ascii=False, indent=2)
    return Answer(status, (text + "\n").encode("utf-8", "replace"), headers=headers or {})


Route = tuple[str, str, str]  # HTTP method, pattern with ID and ARG in it, name of the API's method


def match_route(routes: tuple[Route, ...], http_method: str, parts: list[str]) -> tuple[str, str, str] | None:
    """Return name, ID and ARG of the first route that fits the unescaped parts of a path."""
    for wanted, pattern, name in routes:
        found = _match(pattern.split("/") if pattern else [], parts) if wanted == http_method else None
        if found is not None:
            return name, found.get("ID", ""), found.get("ARG", "")
    return None


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    """Return what stands for ID and ARG; a verb after a colon must end its part."""
    if len(pattern) != len(parts):
        return None
    found = {}
    for wanted, part in zip(pattern, parts, strict=True):
        name, colon, verb = wanted.partition(":")
        if name in {"ID", "ARG"} and part.endswith(colon + verb) and part != colon + verb:
            found[name] = part.removesuffix(colon + verb)
        elif wanted != part:
            return None
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(digits)
    return value


def _whole_number(digits: str) -> float | int:
    """Return a number as protocol buffers keep it: an integer of 64 bits, or a double."""
    return int(digits) if len(digits) <= 18 else _finite(digits)


def parse_body(body: bytes) -> dict[str, Any]:
    """Parse a request's body; what is no JSON object is refused in Google's words."""
    if not body.strip():
        return {}
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise bad_request(_syntax(text, error.pos)) from error
    except (ValueError, RecursionError) as error:
        raise bad_request(_syntax(text, 0)) from error
    if not isinstance(value, dict):
        raise bad_request(
            'Invalid JSON payload received. Unknown name "": Root element must be a message.'
            if value is not None
            else _syntax(text, 0)
        )
    return value


def _syntax(text: str, position: int) -> str:
    """Say where JSON breaks off, with the neighbourhood and a caret below the place."""
    start = max(0, position - 20)
    near = text[start : position + 20].replace("\n", " ")
    what = "Unexpected end of string. Expected a value." if position >= len(text) else "Unexpected token."
    return f"Invalid JSON payload received. {what}\n{near}\n{' ' * (position - start)}^"


def struct_text(value: Any, indent: str = "") -> str:
    """Write a JSON value the way protocol buffers print a google.protobuf.Value, as error messages quote it."""
    if isinstance(value, bool):
        return f"{indent}bool_value: {str(value).lower()}\n"
    if isinstance(value, str):
        return f"{indent}string_value: {json.dumps(value)}\n"
    if isinstance(value, int | float):
        return f"{indent}number_value: {value}\n"
    if isinstance(value, list):
        inner = "".join(f"{indent}  values {{\n{struct_text(v, indent + '    ')}{indent}  }}\n" for v in value)
        return f"{indent}list_value {{\n{inner}{indent}}}\n"
    if isinstance(value, dict):
        inner = "".join(
            f"{indent}  fields {{\n{indent}    key: {json.dumps(k)}\n{indent}    value {{\n"
            f"{struct_text(v, indent + '      ')}{indent}    }}\n{indent}  }}\n"
            for k, v in value.items()
        )
        return f"{indent}struct_value {{\n{inner}{indent}}}\n"
    return f"{indent}null_value: NULL_VALUE\n"
