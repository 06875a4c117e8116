"""What every kind of batchUpdate request is given, and the checks they share."""

from dataclasses import dataclass
from typing import Any

from tests.google import masks
from tests.google.errors import ApiError, bad_request
from tests.google.grid import Box
from tests.google.model import Book, Json, Sheet
from tests.google.ranges import clip, grid_box
from tests.google.schema import SHEETS

PROTECTED = (
    "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove protection "
    "if you need to edit."
)


@dataclass(frozen=True, slots=True)
class Task:
    """One request of a batch: the draft it works on, its body, its place in Google's words, and who asks."""

    book: Book
    given: Json
    where: str
    caller: str

    def refuse(self, message: str) -> ApiError:
        """Return the 400 that names this request."""
        return bad_request(f"Invalid {self.where}: {message}")

    def sheet(self, given: Json | None = None) -> Sheet:
        """Return the draft's sheet that a range (or this request) names, ready to be changed."""
        sheet_id = int((self.given if given is None else given).get("sheetId") or 0)
        if self.book.find(sheet_id) is None:
            raise self.refuse(f"No grid with id: {sheet_id}")
        return self.book.edit(sheet_id)

    def target(self, name: str = "range") -> tuple[Sheet, Box]:
        """Return sheet and rectangle of a GridRange of this request, clipped to the grid."""
        given = self.given.get(name)
        if given is None:
            raise self.refuse(f"{name} is required.")
        sheet = self.sheet(given)
        return sheet, grid_box(sheet, given, self.where, name)

    def mask(self, schema: str) -> masks.Mask:
        """Return the `fields` of this request, which updates cannot do without; they are fields of that schema."""
        text = self.given.get("fields")
        if not text:
            raise self.refuse("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
        mask = masks.parse(text)
        unknown = SHEETS.missing(mask, schema)
        if unknown:
            raise self.refuse(f"Invalid field: {unknown}")
        return mask

    def guard(self, sheet: Sheet, box: Box) -> None:
        """Refuse to touch cells that somebody else has protected."""
        guard(sheet, box, self.where)


def guard(sheet: Sheet, box: Box, where: str | None = None) -> None:
    """Refuse, in Google's words, when the rectangle meets a protected range the caller may not edit."""
    for entry in sheet.parts.get("protectedRanges", []):
        if entry.get("warningOnly") or entry.get("requestingUserCanEdit"):
            continue
        inside = clip(sheet, entry.get("range") or {})
        if not inside.meets(box) or any(clip(sheet, open_).holds(box) for open_ in entry.get("unprotectedRanges", [])):
            continue
        raise bad_request(f"Invalid {where}: {PROTECTED}" if where else PROTECTED)


def copy_fields(target: Any, source: Any, mask: masks.Mask) -> Any:
    """Return `target` with what the mask names taken from `source`; what the source lacks is removed.

    >>> copy_fields({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 9}}, {"a": {}, "b": {"c": {}}})
    {'b': {'c': 9, 'd': 3}}
    """
    if not mask:
        return without_nulls(source)
    found = dict(target or {})
    for name, below in mask.items():
        part = (source or {}).get(name)
        if below:
            value = copy_fields(found.get(name), part, below)
            value = value or None
        else:
            value = without_nulls(part)
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return found


def without_nulls(value: Any) -> Any:
    """Return a JSON value as a message keeps it: explicit nulls are fields that are not set."""
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [without_nulls(part) for part in value if part is not None]
    return value
