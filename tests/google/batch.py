"""`spreadsheets.batchUpdate`: the table of request kinds, carried out on a draft, all or none."""

from collections.abc import Callable

from tests.google import (
    cell_requests,
    dimensions,
    filters,
    find_replace,
    masks,
    metadata_requests,
    part_requests,
    sheet_requests,
    sorting,
)
from tests.google.errors import bad_request
from tests.google.griddata import spreadsheet
from tests.google.model import Book, Json
from tests.google.task import Task

Kind = Callable[[Task], Json | None]

KINDS: dict[str, Kind] = {
    "addConditionalFormatRule": part_requests.add_conditional_format_rule,
    "addDimensionGroup": dimensions.add_group,
    "addFilterView": filters.add_filter_view,
    "addNamedRange": part_requests.add_named_range,
    "addProtectedRange": part_requests.add_protected_range,
    "addTable": part_requests.add_table,
    "addSheet": sheet_requests.add_sheet,
    "appendCells": cell_requests.append_cells,
    "appendDimension": dimensions.append_dimension,
    "autoResizeDimensions": dimensions.auto_resize,
    "clearBasicFilter": filters.clear_basic_filter,
    "copyPaste": cell_requests.copy_paste,
    "createDeveloperMetadata": metadata_requests.create,
    "cutPaste": cell_requests.cut_paste,
    "deleteConditionalFormatRule": part_requests.delete_conditional_format_rule,
    "deleteDeveloperMetadata": metadata_requests.delete,
    "deleteDimension": dimensions.delete_dimension,
    "deleteDimensionGroup": dimensions.delete_group,
    "deleteFilterView": filters.delete_filter_view,
    "deleteNamedRange": part_requests.delete_named_range,
    "deleteProtectedRange": part_requests.delete_protected_range,
    "deleteSheet": sheet_requests.delete_sheet,
    "deleteTable": part_requests.delete_table,
    "duplicateSheet": sheet_requests.duplicate_sheet,
    "findReplace": find_replace.find_replace,
    "insertDimension": dimensions.insert_dimension,
    "mergeCells": sheet_requests.merge_cells,
    "pasteData": cell_requests.paste_data,
    "repeatCell": cell_requests.repeat_cell,
    "setBasicFilter": filters.set_basic_filter,
    "setDataValidation": cell_requests.set_data_validation,
    "sortRange": sorting.sort_range,
    "unmergeCells": sheet_requests.unmerge_cells,
    "updateCells": cell_requests.update_cells,
    "updateConditionalFormatRule": part_requests.update_conditional_format_rule,
    "updateDeveloperMetadata": metadata_requests.update,
    "updateDimensionProperties": dimensions.update_dimension_properties,
    "updateFilterView": filters.update_filter_view,
    "updateNamedRange": part_requests.update_named_range,
    "updateProtectedRange": part_requests.update_protected_range,
    "updateSheetProperties": sheet_requests.update_sheet_properties,
    "updateSpreadsheetProperties": sheet_requests.update_spreadsheet_properties,
}
_REPLIES_EMPTY = {"deleteDimensionGroup"}  # their empty reply still carries their name (from the recordings)


def batch_update(book: Book, body: Json, caller: str) -> Json:
    """Carry out every request on a draft and return the answer; any refusal leaves nothing behind."""
    requests = body.get("requests") or []
    if not requests:
        raise bad_request("Must specify at least one request.")
    replies = []
    for index, request in enumerate(requests):
        name, given = _kind(request, index)
        handler = KINDS.get(name)
        if handler is None:
            raise bad_request(f"Invalid requests[{index}].{name}: This kind of request is not part of the stand-in.")
        reply = handler(Task(book, given or {}, f"requests[{index}].{name}", caller))
        replies.append({name: reply} if reply or (reply is not None and name in _REPLIES_EMPTY) else {})
    answer: Json = {"spreadsheetId": book.id, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        data = bool(body.get("responseIncludeGridData"))
        answer["updatedSpreadsheet"] = _Later(book, body.get("responseRanges") or [], data)
    return answer


class _Later:
    """The spreadsheet of an answer, rendered when the field mask is known."""

    def __init__(self, book: Book, ranges: list[str], grid_data: bool) -> None:
        self._book, self._ranges, self._grid_data = book, ranges, grid_data

    def render(self, mask: Json | None) -> Json:
        return spreadsheet(self._book, self._ranges, mask, grid_data=self._grid_data)


def finish(answer: Json, mask: Json | None) -> Json:
    """Cut an answer to the field mask, and put the spreadsheet into it as far as the mask wants it."""
    later = answer.pop("updatedSpreadsheet", None)
    if mask:
        answer = masks.apply(answer, mask)
    if isinstance(later, _Later) and (not mask or "updatedSpreadsheet" in mask):
        answer["updatedSpreadsheet"] = later.render(mask["updatedSpreadsheet"] if mask else None)
    return answer


def _kind(request: Json, index: int) -> tuple[str, Json]:
    named = [(name, given) for name, given in request.items() if given is not None]
    if len(named) != 1:
        raise bad_request(f"Invalid requests[{index}]: No request set.")
    return named[0]
