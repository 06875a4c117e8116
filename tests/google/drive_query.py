"""The query language of files.list: comparisons, `contains`, `in`, `and`, `or`, `not` and brackets."""

import re
from collections.abc import Callable

from tests.google.errors import DriveError
from tests.google.state import File

Test = Callable[[File], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      |(?P<word>[A-Za-z][\w.]*)|(?P<mark><=|>=|!=|[=<>()]))""",
    re.VERBOSE | re.DOTALL,
)
MAX_DEPTH = 50


def matcher(query: str, caller: str) -> Test:
    """Return the test that a query stands for; an empty query lets everything pass.

    Text may stand in single or double quotes; a backslash escapes the quote and itself. Names compare without regard
    to capitals, and `contains` looks at the beginnings of words, as Drive does.
    """
    if not query.strip():
        return lambda file: True  # noqa: ARG005 - a test takes the file
    parser = _Parser(_split(query), caller)
    return parser.whole()


def _refusal() -> DriveError:
    return DriveError(400, "Invalid Value", "invalid", location=("q", "parameter"))


def _split(query: str) -> list[tuple[str, str]]:
    found = []
    at, query = 0, query.rstrip()
    while at < len(query):
        match = _TOKEN.match(query, at)
        if not match or not match.lastgroup:
            raise _refusal()
        text = match[match.lastgroup]
        if match.lastgroup == "text":
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        found.append((match.lastgroup, text))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], caller: str) -> None:
        self._tokens, self._caller = tokens, caller
        self._at = 0
        self._depth = 0

    def whole(self) -> Test:
        test = self._either()
        if self._at != len(self._tokens):
            raise _refusal()
        return test

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _refusal()
        self._at += 1
        return self._tokens[self._at - 1]

    def _next(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens):
            found = self._tokens[self._at]
            if found[0] == kind and found[1].lower() == text:
                self._at += 1
                return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._next("word", "or"):
            tests.append(self._both())
        return lambda file: any(test(file) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._next("word", "and"):
            tests.append(self._one())
        return lambda file: all(test(file) for test in tests)

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _refusal()
        try:
            if self._next("word", "not"):
                test = self._one()
                return lambda file: not test(file)
            if self._next("mark", "("):
                test = self._either()
                if not self._next("mark", ")"):
                    raise _refusal()
                return test
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Test:
        kind, first = self._take()
        _, operator = self._take()
        _, value = self._take()
        if kind == "text" and operator.lower() == "in":
            return self._member(first, value)
        if kind != "word" or first not in _FIELDS or operator.lower() not in _OPERATORS:
            raise _refusal()
        get, compare = _FIELDS[first], _OPERATORS[operator.lower()]
        return lambda file: compare(get(file), value.casefold())

    def _member(self, wanted: str, field: str) -> Test:
        if field == "parents":
            return lambda file: wanted in file.parents
        if field in {"owners", "writers", "readers"}:
            person = self._caller if wanted == "me" else wanted
            roles = {"owners": {"owner"}, "writers": {"writer", "owner"}, "readers": {"reader", "writer", "owner"}}
            return lambda file: file.role(person) in roles[field]
        raise _refusal()


_FIELDS: dict[str, Callable[[File], str]] = {
    "name": lambda file: file.name.casefold(),
    "mimeType": lambda file: file.mime_type.casefold(),
    "trashed": lambda file: str(file.trashed).lower(),
    "modifiedTime": lambda file: file.modified.casefold(),
    "createdTime": lambda file: file.created.casefold(),
    "fullText": lambda file: file.name.casefold(),
}


def _contains(text: str, part: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(part)}", text) is not None


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "contains": _contains,
}
