"""A small calculator for formulas: arithmetic, text, comparisons, references and a dozen functions.

It exists so that what a labeler's sheet shows can be read back; anything else is answered with #NAME?, which is also
Google's answer to a function it does not know.
"""

import re
from typing import Any, NamedTuple

from tests.google.grid import Box, parse_span, split_sheet
from tests.google.model import Book, Formula, Sheet, Value

MAX_DEPTH = 60


class ErrorValue(NamedTuple):
    """An error a formula gives: what the cell shows, and its ErrorType."""

    text: str
    kind: str
    message: str


Result = None | str | float | int | bool | ErrorValue

DIVIDE = ErrorValue("#DIV/0!", "DIVIDE_BY_ZERO", "Function DIVIDE parameter 2 cannot be zero.")
BAD_NAME = ErrorValue("#NAME?", "NAME", "Unknown function or name.")
BAD_VALUE = ErrorValue("#VALUE!", "VALUE", "A parameter expects number values.")
BAD_REFERENCE = ErrorValue("#REF!", "REF", "Reference does not exist.")
PARSE = ErrorValue("#ERROR!", "ERROR", "Formula parse error.")

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)(?![\w:])
      |(?P<text>"(?:[^"]|"")*")
      |(?P<error>\#[A-Z/0!?]+)
      |(?P<name>(?:'(?:[^']|'')+'!|[^\W\d]\w*!)?[\w$.]+(?::[\w$]+)?)
      |(?P<mark><>|<=|>=|[-+*/^&=<>(),;%]))""",
    re.VERBOSE,
)


class _FailureError(Exception):
    """Carries an ErrorValue out of a calculation."""

    def __init__(self, value: ErrorValue) -> None:
        super().__init__(value.text)
        self.value = value


class Evaluator:
    """Calculates the formulas of one book; results are kept for the life of the object."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[tuple[int, int, int], Result] = {}
        self._depth = 0

    def value(self, sheet: Sheet, row: int, column: int) -> Result:
        """Return the calculated value of a cell."""
        cell = sheet.cell(row, column)
        entered: Value = cell.value if cell else None
        if not isinstance(entered, Formula):
            return entered
        key = (sheet.id, row, column)
        if key not in self._known:
            self._known[key] = ErrorValue("#REF!", "REF", "Circular dependency detected.")
            self._known[key] = self._calculate(sheet, entered.text)
        return self._known[key]

    def _calculate(self, sheet: Sheet, text: str) -> Result:
        if self._depth >= MAX_DEPTH:
            return PARSE
        self._depth += 1
        try:
            result: Result = _Parser(self, self._book, sheet, text[1:]).whole()
        except _FailureError as failure:
            return failure.value
        except (OverflowError, ValueError, ArithmeticError):
            return ErrorValue("#NUM!", "NUM", "The result is not a number.")
        finally:
            self._depth -= 1
        return result

    def link(self, value: Value) -> str | None:
        """Return the address a cell links to: a URL typed as text, or a literal HYPERLINK."""
        if isinstance(value, Formula):
            match = re.match(r'^=HYPERLINK\(\s*"((?:[^"]|"")*)"', value.text, re.IGNORECASE)
            return match[1].replace('""', '"') if match else None
        if isinstance(value, str) and re.match(r"^https?://\S+$", value):
            return value
        return None


class _Parser:
    """Reads one formula from left to right and calculates while reading."""

    def __init__(self, evaluator: Evaluator, book: Book, sheet: Sheet, text: str) -> None:
        self._evaluator, self._book, self._sheet = evaluator, book, sheet
        self._tokens = self._split(text)
        self._at = 0

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        found = []
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match or not match.lastgroup:
                raise _FailureError(PARSE)
            found.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        return found

    def whole(self) -> Any:
        value = self._comparison()
        if self._at != len(self._tokens):
            raise _FailureError(PARSE)
        return _single(value)

    def _next(self, *marks: str) -> str | None:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "mark" and text in marks:
                self._at += 1
                return text
        return None

    def _comparison(self) -> Any:
        left = self._joined()
        while mark := self._next("=", "<>", "<", ">", "<=", ">="):
            left = _compare(mark, _single(left), _single(self._joined()))
        return left

    def _joined(self) -> Any:
        left = self._sum()
        while self._next("&"):
            left = _text(left) + _text(self._sum())
        return left

    def _sum(self) -> Any:
        left = self._product()
        while mark := self._next("+", "-"):
            right = _number(self._product())
            left = _whole(_number(left) + right if mark == "+" else _number(left) - right)
        return left

    def _product(self) -> Any:
        left = self._power()
        while mark := self._next("*", "/"):
            right = _number(self._power())
            if mark == "/" and right == 0:
                raise _FailureError(DIVIDE)
            left = _whole(_number(left) * right if mark == "*" else _number(left) / right)
        return left

    def _power(self) -> Any:
        left = self._unary()
        while self._next("^"):
            result = float(_number(left)) ** float(_number(self._unary()))
            left = _whole(result) if isinstance(result, float) else _fail(BAD_VALUE)
        return left

    def _unary(self) -> Any:
        if self._next("-"):
            return -_number(self._unary())
        if self._next("+"):
            return self._unary()
        value = self._atom()
        while self._next("%"):
            value = _whole(_number(value) / 100)
        return value

    def _atom(self) -> Any:
        if self._at >= len(self._tokens):
            raise _FailureError(PARSE)
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return _whole(float(text))
        if kind == "text":
            return text[1:-1].replace('""', '"')
        if kind == "error":
            raise _FailureError(BAD_REFERENCE)
        if kind == "name":
            return self._call(text) if self._next("(") else self._named(text)
        if text == "(":
            value = self._comparison()
            if not self._next(")"):
                raise _FailureError(PARSE)
            return value
        raise _FailureError(PARSE)

    def _named(self, text: str) -> Any:
        if text.upper() in {"TRUE", "FALSE"}:
            return text.upper() == "TRUE"
        title, rest = split_sheet(text)
        sheet = self._sheet if title is None else self._book.named(title)
        span = parse_span(rest)
        if span is None:
            raise _FailureError(BAD_NAME)
        if sheet is None:
            raise _FailureError(BAD_REFERENCE)
        if span.single:
            return self._evaluator.value(sheet, span.top or 0, span.left or 0)
        rows = len(sheet.rows)
        box = Box(
            span.top or 0,
            rows if span.bottom is None else min(span.bottom, rows),
            span.left or 0,
            sheet.column_count if span.right is None else min(span.right, sheet.column_count),
        )
        return [self._evaluator.value(sheet, row, column) for row, column, _ in sheet.cells(box)]

    def _call(self, name: str) -> Any:
        arguments: list[Any] = []
        if not self._next(")"):
            arguments.append(self._comparison())
            while self._next(",", ";"):
                arguments.append(self._comparison())
            if not self._next(")"):
                raise _FailureError(PARSE)
        function = FUNCTIONS.get(name.upper())
        if function is None:
            raise _FailureError(BAD_NAME)
        try:
            return function(*arguments)
        except (TypeError, IndexError, ValueError) as error:
            raise _FailureError(BAD_VALUE) from error


def _fail(value: ErrorValue) -> Any:
    raise _FailureError(value)


def _single(value: Any) -> Any:
    """Return a value; of a range its first cell, which is what a lone reference shows."""
    if isinstance(value, list):
        value = value[0] if value else None
    return _fail(value) if isinstance(value, ErrorValue) else value


def _number(value: Any) -> Any:
    value = _single(value)
    if value is None:
        return 0
    if isinstance(value, str):
        try:
            return _whole(float(value))
        except ValueError:
            raise _FailureError(BAD_VALUE) from None
    return value


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _text(value: Any) -> str:
    value = _single(value)
    if value is None:
        return ""
    return str(value).upper() if isinstance(value, bool) else str(value)


def _compare(mark: str, left: Any, right: Any) -> bool:
    if isinstance(left, str) != isinstance(right, str):
        left, right = (1, 0) if isinstance(left, str) else (0, 1)
    elif isinstance(left, str):
        left, right = left.casefold(), right.casefold()
    else:
        left, right = left or 0, right or 0
    return bool(
        {"=": left == right, "<>": left != right, "<": left < right, ">": left > right}.get(mark)
        or (mark in {"<=", ">="} and (left == right or (left < right if mark == "<=" else left > right)))
    )


def _numbers(*arguments: Any) -> list[Any]:
    found: list[Any] = []
    for argument in arguments:
        if isinstance(argument, list):
            found.extend(v for v in argument if isinstance(v, int | float) and not isinstance(v, bool))
        else:
            found.append(_number(argument))
    return found


def _average(*arguments: Any) -> Any:
    values = _numbers(*arguments)
    return _whole(sum(values) / len(values)) if values else _fail(DIVIDE)


def _row_of_text(*arguments: Any) -> str:
    return "".join(_text(v) for a in arguments for v in (a if isinstance(a, list) else [a]))


def _found(wanted: Any, text: Any) -> Any:
    """Where a text begins in another one, whatever their capitals; an error that ISNUMBER may still look at."""
    at = _text(text).casefold().find(_text(wanted).casefold())
    return BAD_VALUE if at < 0 else at + 1


FUNCTIONS: dict[str, Any] = {
    "AND": lambda *a: all(_single(value) for value in a),
    "N": lambda a: 0 if isinstance(_single(a), str) else _number(a),
    "VALUE": _number,
    "ISODD": lambda a: int(_number(a)) % 2 == 1,
    "ISEVEN": lambda a: int(_number(a)) % 2 == 0,
    "ISNUMBER": lambda a: isinstance(a, int | float) and not isinstance(a, bool),
    "SEARCH": _found,
    "SUM": lambda *a: _whole(sum(_numbers(*a))),
    "AVERAGE": _average,
    "MIN": lambda *a: min(_numbers(*a), default=0),
    "MAX": lambda *a: max(_numbers(*a), default=0),
    "COUNT": lambda *a: len(_numbers(*a)),
    "COUNTA": lambda *a: sum(len(v) if isinstance(v, list) else 1 for v in a),
    "ABS": lambda a: abs(_number(a)),
    "ROUND": lambda a, n=0: _whole(round(float(_number(a)), int(_number(n)))),
    "LEN": lambda a: len(_text(a)),
    "UPPER": lambda a: _text(a).upper(),
    "LOWER": lambda a: _text(a).lower(),
    "CONCATENATE": _row_of_text,
    "CONCAT": _row_of_text,
    "IF": lambda test, yes, no=False: yes if _single(test) else no,
    "HYPERLINK": lambda address, label=None: _text(address) if label is None else _single(label),
    "IMAGE": lambda *_: "",  # the picture itself is not a text
}
