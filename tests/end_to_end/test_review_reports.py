"""--calibrate and --report-sources from outside: tables and JSON, and nothing is written."""

import json
from pathlib import Path

from tests.end_to_end.test_sort_command import read_csv, sort, table, urls, web, write_csv

__all__ = ["table", "urls", "web"]  # fixtures that this module shares


def test_decisions_are_told_by_diff_and_nothing_is_written(table: Path) -> None:
    sort(table.parent, "--review", "--no-backup")
    rows = read_csv(table)
    for row, decision in zip(rows[1:8], ("keep", "distinct", "drop", "drop", "keep", "drop", "drop"), strict=True):
        row[8] = decision
    write_csv(table, rows)
    before = table.read_bytes()
    done = sort(table.parent, "--calibrate", "--json", "found.json")
    assert done.returncode == 0, done.stderr
    assert "pairs were judged" in done.stdout and "too little to suggest a diff" in done.stdout
    assert "A report: nothing was written." in done.stdout
    assert table.read_bytes() == before and not (table.parent / ".curation" / "distinct").exists()
    told = json.loads((table.parent / "found.json").read_text("utf-8"))["summary"]["calibration"]
    assert told["suggested"] is None and told["pairs"] > told["duplicates"] > 0
    assert {(one["diff"], one["tier"]) for one in told["shares"]} >= {(6, "near-duplicate"), (24, "vote alone")}


def test_sources_are_told_by_host_and_by_a_column(table: Path, urls: list[str]) -> None:
    write_csv(
        table, [["#", "url", "from"], *[[str(i), url, "bing" if i % 2 else "yahoo"] for i, url in enumerate(urls)]]
    )
    before = table.read_bytes()
    done = sort(table.parent, "--report-sources", "--source-column", "C", "--json", "found.json")
    assert done.returncode == 0, done.stderr
    told = json.loads((table.parent / "found.json").read_text("utf-8"))["summary"]["sources"]
    (host,) = told["host"]
    assert (host["source"], host["rows"], host["dead"], host["groups"], host["best"]) == ("127.0.0.1", 12, 2, 3, 3)
    assert {one["source"]: one["rows"] for one in told["column C"]} == {"bing": 6, "yahoo": 6}
    assert sum(one["best"] for one in told["column C"]) == 3
    assert "column C" in done.stdout and "yahoo" in done.stdout
    assert table.read_bytes() == before
    refused = sort(table.parent, "--source-column", "C")
    assert refused.returncode == 2 and "--report-sources" in refused.stderr
