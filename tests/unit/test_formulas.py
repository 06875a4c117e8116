"""What formulas look at."""

import pytest

from sheets.a1 import Area
from sheets.formulas import on_row, references, survives_beside, survives_move

BLOCK = Area(1, 2, 2, 9)


@pytest.mark.parametrize(
    ("formula", "fine"),
    [
        ("=B2", True),
        ("=IMAGE(B2)", True),
        ("=$B2", True),
        ("=A2&C2", True),
        ("=B2:C2", True),
        ("=LOG10(B2)", True),
        ('="see B3 in here"&B2', True),
        ("=Rows!B2", True),
        ("='Rows'!B2", True),
        ("=F$1*B2", True),
        ("=$F$1", True),
        ("=B3", False),
        ("=SUM(B2:B3)", False),
        ("=B$2", False),
        ("=SUM($B$2:$B$9)", False),
        ("=SUM(B:B)", False),
        ("=F3", False),
        ("=Other!B2", False),
        ("=Other!$B$2", True),
    ],
)
def test_a_moving_formula_survives_when_it_looks_at_its_own_row_or_at_cells_held_in_place(formula, fine) -> None:
    assert survives_move(formula, 2, BLOCK, "Rows") is fine


@pytest.mark.parametrize(
    ("formula", "fine"),
    [
        ("=IMAGE(B2)", True),
        ("=$B$2", True),
        ("=A1+1", True),
        ("=ROW()-1", True),
        ("=Other!B7", True),
        ("=B3", False),
        ("=COUNTIF(B:B;B2)", False),
        ("=SUM(B2:B9)", False),
        ("=Rows!C4", False),
        ("=B1", True),
        ("=2:2", True),
        ("=3:3", False),
    ],
)
def test_a_formula_beside_stays_right_when_what_moves_is_on_its_own_row(formula, fine) -> None:
    assert survives_beside(formula, 2, BLOCK, "Rows") is fine


@pytest.mark.parametrize(
    ("formula", "moved"),
    [
        ("=B2", "=B7"),
        ("=$B2:C2", "=$B7:C7"),
        ("=B$2&B2", "=B$2&B7"),
        ('="B2"&B2', '="B2"&B7'),
        ("=B22+B2", "=B22+B7"),
        ("='Tab B2'!$A$1&B2", "='Tab B2'!$A$1&B7"),
        ("=B2_x+NAME2(B2)", "=B2_x+NAME2(B7)"),
    ],
)
def test_a_moved_formula_names_its_new_row(formula, moved) -> None:
    assert on_row(formula, 2, 7) == moved


def test_names_functions_and_texts_are_no_references() -> None:
    assert list(references('=TRUE+my_name+LOG10(1)+"A1"+Table1[B2]')) == []
