"""One call of the Drive service, as its methods are given it."""

from dataclasses import dataclass
from typing import Any

from tests.google import masks
from tests.google.errors import DriveError
from tests.google.model import Json
from tests.google.oauth import Token
from tests.google.state import WRITERS, File, State


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Drive service."""

    state: State
    token: Token
    file_id: str
    argument: str
    query: dict[str, Any]
    body: Json

    @property
    def caller(self) -> str:
        """The account that calls."""
        return self.token.email

    def sees(self, file: File) -> bool:
        """Say whether a file exists for the caller at all."""
        return file.role(self.caller) is not None and (file.owner == self.caller or not self.token.own_files_only)

    def file(self, *, write: bool = False) -> File:
        """Return the file for the caller; what it may not see does not exist for it."""
        found = self.state.files.get(self.file_id)
        if found is None or not self.sees(found) or (found.drive_id and not self.query.get("supportsAllDrives")):
            raise missing(self.file_id)
        if write and found.role(self.caller) not in WRITERS:
            raise DriveError(
                403, "The user does not have sufficient permissions for this file.", "insufficientFilePermissions"
            )
        return found

    def cut(self, value: Json, default: str) -> Json:
        """Return an answer as its field mask, or the service's short default, wants it."""
        mask = masks.parse(self.query.get("fields") or default)
        found: Json = masks.apply(value, mask)
        return found


def missing(file_id: str) -> DriveError:
    """Return the 404 of Drive."""
    return DriveError(404, f"File not found: {file_id}.", "notFound", location=("fileId", "parameter"))
