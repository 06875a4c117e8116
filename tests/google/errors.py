"""Google's error bodies: one exception per wire format, each knowing its own JSON."""

from typing import Any

# The canonical names that accompany a status code in google.rpc errors.
STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class ApiError(Exception):
    """An answer with an error body; `body()` is the JSON object that goes over the wire."""

    def __init__(self, code: int, message: str, *, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """Return the error as the Sheets service words it."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": STATUS_NAMES.get(self.code, "UNKNOWN"),
        }
        if self.details:
            error["details"] = self.details
        return {"error": error}


class DriveError(ApiError):
    """An error of the Drive service: the older format, with a list of reasons."""

    def __init__(self, code: int, message: str, reason: str, *, location: tuple[str, str] | None = None) -> None:
        super().__init__(code, message)
        self.reason = reason
        self.location = location
        self.domain = "usageLimits" if reason in {"accessNotConfigured", "rateLimitExceeded"} else "global"
        self.help = ""

    def body(self) -> dict[str, Any]:
        """Return the error as the Drive service words it."""
        entry: dict[str, Any] = {"message": self.message, "domain": self.domain, "reason": self.reason}
        if self.location:
            entry["location"], entry["locationType"] = self.location
        if self.help:
            entry["extendedHelp"] = self.help
        error: dict[str, Any] = {"code": self.code, "message": self.message, "errors": [entry]}
        if self.reason == "accessNotConfigured":
            error["status"] = "PERMISSION_DENIED"
        return {"error": error}


class TokenError(ApiError):
    """A refusal of the token endpoint, in the words of RFC 6749."""

    def __init__(self, error: str, description: str, code: int = 400) -> None:
        super().__init__(code, description)
        self.error = error

    def body(self) -> dict[str, Any]:
        """Return the two keys an OAuth client looks at."""
        return {"error": self.error, "error_description": self.message}


def bad_request(message: str) -> ApiError:
    """Return the plain 400 of the Sheets service."""
    return ApiError(400, message)


def violations(found: list[tuple[str, str]]) -> ApiError:
    """Return the 400 of a body that does not fit its schema, from pairs of (field, description)."""
    message = "\n".join(description for _, description in found)
    fields = [{"field": field, "description": text} if field else {"description": text} for field, text in found]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}
    return ApiError(400, message, details=[detail])


def not_found() -> ApiError:
    """Return the 404 for an id nobody has."""
    return ApiError(404, "Requested entity was not found.")


def no_permission() -> ApiError:
    """Return the 403 for a file that is not shared with the caller."""
    return ApiError(403, "The caller does not have permission")
