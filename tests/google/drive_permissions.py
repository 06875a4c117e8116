"""The permissions of a file in Drive: who may read it, write it, own it."""

from tests.google.drive_call import Call
from tests.google.errors import DriveError
from tests.google.model import Json
from tests.google.protocol import Answer
from tests.google.state import ROLES, File, permission

_DEFAULT = "kind,id,type,role"


def list_all(call: Call) -> Json:
    """Return everybody who has access."""
    file = call.file(write=True)
    answer = {"kind": "drive#permissionList", "permissions": list(file.permissions)}
    return call.cut(answer, f"kind,nextPageToken,permissions({_DEFAULT})")


def create(call: Call) -> Json:
    """Give somebody a role; who has one already gets the new one."""
    kind, role = str(call.body.get("type") or ""), str(call.body.get("role") or "")
    if kind not in {"user", "group", "domain", "anyone"}:
        text = "The permission type field is required."
        raise DriveError(400, text, "required", location=("permission.type", "other"))
    if role not in ROLES:
        text = "The permission role field is required."
        raise DriveError(400, text, "required", location=("permission.role", "other"))
    email, domain = call.body.get("emailAddress"), call.body.get("domain")
    if kind in {"user", "group"} and "@" not in str(email or ""):
        raise DriveError(
            400,
            "The specified emailAddress is invalid or not applicable for the given permission type.",
            "invalid",
            location=("permission.emailAddress", "other"),
        )
    # Nothing is handed over when the owner is named again, as a client does that copies permissions.
    if role == "owner" and email != call.file().owner and not call.query.get("transferOwnership"):
        text = "The transferOwnership parameter must be enabled when the permission role is 'owner'."
        raise DriveError(403, text, "forbidden", location=("transferOwnership", "parameter"))
    with call.state.lock:
        file = call.file(write=True)
        entry = permission(kind, role, str(email) if email else None, str(domain) if domain else None)
        known = _same_grantee(file, entry)
        if known is not None:
            entry = {**known, "role": role}
            file.permissions.remove(known)
        file.permissions.append(entry)
        if role == "owner":
            _hand_over(file, entry)
    return call.cut(entry, _DEFAULT)


def _same_grantee(file: File, entry: Json) -> Json | None:
    keys = ("type", "emailAddress", "domain")
    return next((old for old in file.permissions if all(old.get(key) == entry.get(key) for key in keys)), None)


def _hand_over(file: File, entry: Json) -> None:
    file.permissions[:] = [
        {**old, "role": "writer"} if old["role"] == "owner" and old["id"] != entry["id"] else old
        for old in file.permissions
    ]
    file.owner = str(entry.get("emailAddress"))


def _find_permission(call: Call, file: File) -> Json:
    for entry in file.permissions:
        if entry["id"] == call.argument:
            return entry
    text = f"Permission not found: {call.argument}."
    raise DriveError(404, text, "notFound", location=("permissionId", "parameter"))


def get(call: Call) -> Json:
    """Return one permission."""
    return call.cut(_find_permission(call, call.file(write=True)), _DEFAULT)


def update(call: Call) -> Json:
    """Change a role, or hand the file over."""
    with call.state.lock:
        file = call.file(write=True)
        entry = _find_permission(call, file)
        role = str(call.body.get("role") or entry["role"])
        if role not in ROLES:
            raise DriveError(400, "Invalid Value", "invalid", location=("permission.role", "other"))
        new = {**entry, "role": role} | ({"pendingOwner": True} if call.body.get("pendingOwner") else {})
        file.permissions[file.permissions.index(entry)] = new
        if role == "owner":
            _hand_over(file, new)
    return call.cut(new, _DEFAULT)


def delete(call: Call) -> Answer:
    """Take a role away; the owner keeps theirs."""
    with call.state.lock:
        file = call.file(write=True)
        entry = _find_permission(call, file)
        if entry["role"] == "owner":
            text = "The owner of a file cannot be removed."
            raise DriveError(403, text, "forbidden", location=("permissionId", "parameter"))
        file.permissions.remove(entry)
    return Answer(204, content_type="text/html")
