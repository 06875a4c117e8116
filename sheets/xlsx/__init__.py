"""The xlsx back-end: rows move inside the sheet's own XML, and every other part of the workbook stays as it is.

What travels with its row: the cells with their formats, in-cell pictures, check boxes and rich text; formulas that
look at their own row; hyperlinks, validation, conditional formats, sparklines, one-row merges; under --whole-rows the
heights as well. What is refused, each by name (`sheets.xlsx.obstacles`, `sheets.xlsx.references`), because a part
other than the sheet's own would have to be rewritten, or because the meaning of a cell depends on its neighbours:

* notes and comments, pictures that float over the rows, pivot tables, a table whose header or edge is in the range;
* hidden or filtered rows, merges over several rows, array formulas, spilled ranges and data tables;
* formulas that look at other rows (the one kind that --force overrides: they are then shifted as a copy would be);
* rules (validation, conditional formats) for some of the rows only whose formulas are relative: what such a rule
  looks at depends on its range's first cell;
* protected sheets: a file's protection keeps nobody out, but somebody asked that these cells stay as they are;
* digitally signed workbooks, encrypted ones, the older and binary formats.
"""

from sheets.xlsx.worksheet import XlsxWorksheet

__all__ = ["XlsxWorksheet"]
