"""The discovery documents of Google's own client: what a request may hold, in Google's words when it holds more."""

import functools
import json
import re
from pathlib import Path
from typing import Any

from tests.google.errors import ApiError, violations
from tests.google.masks import Mask

Json = dict[str, Any]
_PACKAGE = {"sheets.v4": "google.apps.sheets.v4", "drive.v3": "google.apps.drive.v3"}
# Query parameters of every Google API; `fields` is the one that matters here.
_COMMON = {"fields", "alt", "prettyPrint", "key", "access_token", "quotaUser", "oauth_token", "callback", "$.xgafv"}
_TYPES = {
    ("string", None): "TYPE_STRING",
    ("integer", "int32"): "TYPE_INT32",
    ("string", "int64"): "TYPE_INT64",
    ("number", "float"): "TYPE_FLOAT",
    ("number", "double"): "TYPE_DOUBLE",
    ("boolean", None): "TYPE_BOOL",
}
_LIST = "type.googleapis.com/google.protobuf.ListValue"
_LIMIT = 20  # violations named in one answer


def snake(name: str) -> str:
    """Return a field's name as protocol buffers have it.

    >>> snake("updateSheetProperties")
    'update_sheet_properties'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Discovery:
    """One API's document: checks bodies, query parameters, masks and answers against it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @functools.cached_property
    def document(self) -> Json:
        """The document, as the wheel google-api-python-client ships it."""
        import googleapiclient.discovery_cache  # noqa: PLC0415 - slow to import, and only needed once

        folder = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
        found: Json = json.loads((folder / f"{self._name}.json").read_text(encoding="utf-8"))
        return found

    @functools.cached_property
    def methods(self) -> dict[str, Json]:
        """All methods by their id without the API's name."""
        found: dict[str, Json] = {}

        def walk(resources: Json) -> None:
            for resource in resources.values():
                for method in resource.get("methods", {}).values():
                    found[method["id"].partition(".")[2]] = method
                walk(resource.get("resources", {}))

        walk(self.document["resources"])
        return found

    def check_body(self, method_id: str, body: Json) -> Json:
        """Return the body with every value in its own type and without nulls; refuse what does not fit the schema."""
        request = self.methods[method_id].get("request")
        if request is None:
            return body
        name = str(request["$ref"])
        # A method whose HTTP rule binds the body to one field names that field first in its messages.
        start = "data" if name == "ValueRange" else ""
        reader = _Reader(self.document["schemas"], _PACKAGE[self._name], strict=self._name != "drive.v3")
        found: Json = reader.message(body, name, start) or {}
        if reader.found:
            raise violations(reader.found[:_LIMIT])
        return found

    def problems(self, value: Any, schema_name: str) -> list[str]:
        """Return what is wrong with an answer of ours; empty when it fits."""
        reader = _Reader(self.document["schemas"], _PACKAGE[self._name])
        reader.message(value, schema_name, "")
        return [text for _, text in reader.found]

    def answer_schema(self, method_id: str) -> str:
        """Return the name of a method's answer."""
        return str(self.methods[method_id]["response"]["$ref"])

    def parameters(self, method_id: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return the query parameters with their types; unknown or wrong ones are refused."""
        known: Json = self.methods[method_id].get("parameters", {})
        parsed: dict[str, Any] = {}
        found: list[tuple[str, str]] = []
        for name, texts in query.items():
            key = name if name in known or name in _COMMON else _camel(name)
            schema = known.get(key)
            if schema is None or schema.get("location") == "path":
                if key in _COMMON:
                    parsed[key] = texts[-1]
                    continue
                text = (
                    f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                    f"Field '{name}' could not be found in request message."
                )
                found.append(("", text))
            elif schema.get("repeated"):
                parsed[key] = texts
            else:
                parsed[key] = self._parameter(key, texts[-1], schema, found)
        if found:
            raise violations(found[:_LIMIT])
        return parsed

    def _parameter(self, name: str, text: str, schema: Json, found: list[tuple[str, str]]) -> Any:
        kind = schema.get("type")
        if kind == "boolean":
            if text.lower() not in {"true", "false"}:
                found.append((snake(name), f"Invalid value at '{snake(name)}' (TYPE_BOOL), \"{text}\""))
            return text.lower() == "true"
        if kind == "integer":
            if not re.fullmatch(r"[+-]?\d{1,10}", text):
                found.append((snake(name), f"Invalid value at '{snake(name)}' (TYPE_INT32), \"{text}\""))
                return 0
            return int(text)
        if "enum" in schema and text and text not in schema["enum"]:
            type_name = f"type.googleapis.com/{_PACKAGE[self._name]}.{_enum_name(snake(name))}"
            found.append((snake(name), f"Invalid value at '{snake(name)}' ({type_name}), \"{text}\""))
        return text

    def check_mask(self, method_id: str, mask: Mask, text: str) -> None:
        """Refuse a mask that names a field the answer cannot have."""
        response = self.methods[method_id].get("response")
        if response is not None:
            missing = self.missing(mask, response["$ref"])
            if missing:
                raise mask_error(text, missing)

    def missing(self, mask: Mask, schema_name: str) -> str | None:
        """Return the first name in a mask that a schema does not have."""
        return self._missing(mask, {"$ref": schema_name})

    def _missing(self, mask: Mask, schema: Json) -> str | None:
        while schema.get("type") == "array":
            schema = schema["items"]
        if "$ref" in schema:
            schema = self.document["schemas"][schema["$ref"]]
        properties: Json = schema.get("properties", {})
        if not properties and schema.get("type") in {"any", "object"}:
            return None
        for name, below in mask.items():
            if name not in properties:
                return name
            missing = self._missing(below, properties[name]) if below else None
            if missing:
                return missing
        return None


class _Reader:
    """Reads one JSON body into its schema, collecting violations as it goes."""

    def __init__(self, schemas: Json, package: str, *, strict: bool = True) -> None:
        self._schemas, self._package = schemas, package
        self._strict = strict  # the Drive service passes over names it does not know
        self.found: list[tuple[str, str]] = []

    def message(self, value: Any, name: str, path: str) -> Any:
        """Return a message with its fields read."""
        if not isinstance(value, dict):
            return self._invalid(value, path, f"type.googleapis.com/{self._package}.{name}")
        properties: Json = self._schemas[name].get("properties", {})
        read: Json = {}
        for key, part in value.items():
            field = key if key in properties else _camel(key)
            schema = properties.get(field)
            if schema is None:
                if not self._strict:
                    continue
                place = f" at '{path}'" if path else ""
                text = f'Invalid JSON payload received. Unknown name "{key}"{place}: Cannot find field.'
                self.found.append((path, text))
            elif part is not None:
                read[field] = self._value(part, schema, f"{path}.{snake(field)}" if path else snake(field))
        return read

    def _value(self, value: Any, schema: Json, path: str) -> Any:
        if "$ref" in schema:
            return self.message(value, schema["$ref"], path)
        kind = schema.get("type")
        if kind == "array":
            return self._repeated(value, schema["items"], path)
        if kind == "object":
            return value if isinstance(value, dict) else self._invalid(value, path, "Map")
        return value if kind == "any" else self._scalar(value, schema, path)

    def _repeated(self, value: Any, items: Json, path: str) -> Any:
        if not isinstance(value, list):
            # A single value stands for a list of one; its place is then named without an index.
            if items.get("type") == "array":
                return self._invalid(value, path, _LIST)
            return [self._value(value, items, path)]
        if items.get("type") == "array" and items["items"].get("type") == "any":
            bad = [(i, item) for i, item in enumerate(value) if not isinstance(item, list)]
            for index, item in bad:
                self._invalid(item, f"{path}[{index}]", _LIST)
            return value
        return [self._value(item, items, f"{path}[{i}]") for i, item in enumerate(value) if item is not None]

    def _scalar(self, value: Any, schema: Json, path: str) -> Any:
        kind, form = schema.get("type"), schema.get("format")
        if "enum" in schema:
            if isinstance(value, str) and value in schema["enum"]:
                return value
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(schema["enum"]):
                return schema["enum"][value]
            return self._invalid(value, path, f"type.googleapis.com/{self._package}.{_enum_name(path)}")
        read = _read(value, kind, form)
        return self._invalid(value, path, _TYPES.get((str(kind), form), "TYPE_STRING")) if read is None else read

    def _invalid(self, value: Any, path: str, type_name: str) -> None:
        if isinstance(value, dict):
            self._misplaced(path, "Starting an object on a scalar field.")
        elif isinstance(value, list):
            self._misplaced(path, "Proto field is not repeating, cannot start list.")
        else:
            shown = json.dumps(value, ensure_ascii=False)
            self.found.append((path, f"Invalid value at '{path}' ({type_name}), {shown}"))

    def _misplaced(self, path: str, why: str) -> None:
        place, _, name = path.rpartition(".")
        text = f'Invalid JSON payload received. Unknown name "{name}"' + (f" at '{place}'" if place else "")
        self.found.append((place, f"{text}: {why}"))


def mask_error(text: str, name: str) -> ApiError:
    """Return the refusal of a mask with an unknown field."""
    description = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{name}'."
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": text, "description": description}],
    }
    return ApiError(400, "Request contains an invalid argument.", details=[detail])


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _enum_name(path: str) -> str:
    last = path.rpartition(".")[2].partition("[")[0]
    return "".join(part.capitalize() for part in last.split("_"))


def _read(value: Any, kind: Any, form: Any) -> Any:
    """Return a JSON scalar in the type of its field, None when it does not fit: numbers may come as text."""
    if kind == "boolean":
        return (
            value
            if isinstance(value, bool)
            else {"true": True, "false": False}.get(value)
            if isinstance(value, str)
            else None
        )
    if kind == "string" and form in {"int64", "uint64"}:
        number = _integer(value, 64)
        return None if number is None else str(number)
    if kind == "string":
        return value if isinstance(value, str) else None
    if kind == "integer":
        return _integer(value, 32)
    return _number(value)


def _number(value: Any) -> float | int | None:
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", value) or len(value) > 40:
            return None
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e308:
        return None
    return value


def _integer(value: Any, bits: int) -> int | None:
    number = _number(value)
    if number is None or number != int(number):
        return None
    return int(number) if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1) else None


SHEETS = Discovery("sheets.v4")
DRIVE = Discovery("drive.v3")
