"""What each source was worth: dead rows, duplicates, and how often its copy is the best one of a group."""

from dataclasses import replace

from reviewing.sources import lines_of, sources_of
from tests.review_results import row


def test_rows_are_counted_by_source() -> None:
    good = [row(i, f"https://x/{i}", group=group, keeper=i in (1, 3), block=1, family=1)
            for i, group in enumerate((1, 1, 2, None, 2), start=1)]  # fmt: skip
    dead = replace(good[3], row=9, status="http_error", group=None)
    blank = replace(good[3], row=10, status="blank_cell", url="")
    made = sources_of([*good, dead, blank], ["a", "b", "a", "b", "b", "b", ""])
    assert [(one.source, one.rows, one.dead, one.readable, one.duplicates, one.groups, one.best) for one in made] == [
        ("b", 4, 1, 3, 2, 2, 0), ("a", 2, 0, 2, 2, 2, 2),
    ]  # fmt: skip
    assert made[0].to_json()["dead_share"] == 0.25 and made[0].to_json()["duplicate_share"] == 0.667
    header, first, _ = lines_of(made, "host")
    assert header.split() == ["host", "rows", "dead", "duplicates", "groups", "best", "copy"]
    assert first.split() == ["b", "4", "25", "%", "67", "%", "2", "0", "%"]


def test_a_source_without_readable_rows_has_no_shares_of_them() -> None:
    dead = replace(row(1, "https://x/1", group=None, keeper=False, block=1, family=None), status="dns_failed")
    (one,) = sources_of([dead], ["x"])
    assert (one.to_json()["duplicate_share"], one.to_json()["best_share"]) == (None, None)
    assert list(lines_of([one], "host"))[1].split()[-3:] == ["-", "0", "-"]
