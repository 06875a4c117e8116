"""The compiled engine: the comparison of every pair, when numba is installed (`requirements-fast.txt`).

numba is a choice of the user's: 63 MB for three times the speed from some thousand pictures on.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

AVAILABLE: Final = find_spec("numba") is not None

_WIDTH: Final = 4096
"""Columns judged at a time, so that the marks stay in the first cache."""
_kernel: list[Any] = []


def pairs_across(
    first: NDArray[np.uint64], second: NDArray[np.uint64], threshold: int, quorum: int
) -> NDArray[np.intp]:
    """Return the pairs (row of `first`, row of `second`), of hashes (n, 3), that win the vote, in ascending order."""
    if not _kernel:
        _kernel.append(_compile())
    rows, columns = (np.ascontiguousarray(hashes.T) for hashes in (first, second))
    room = 4096
    while True:
        out = np.empty((room, 2), np.int64)
        count = _kernel[0](rows, columns, threshold, quorum, out)
        if count <= room:
            return out[:count].astype(np.intp)
        room = count


def _popcount(_context: Any, _value: Any) -> Any:
    """Tell numba to use the processor's own instruction; without it the loop is not vectorised."""
    word = import_module("numba").types.uint64

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


def intrinsic_popcount() -> Any:
    """Return the function for compiled code that counts the bits of a word."""
    return import_module("numba.extending").intrinsic(_popcount)


def _compile() -> Any:
    """Build the kernel; imported here, because numba takes 0.3 s that small sheets need not spend."""
    numba: Any = import_module("numba")
    popcount = intrinsic_popcount()

    @numba.njit(nogil=True, boundscheck=False)  # type: ignore[untyped-decorator] # numba is not typed
    def search(rows: Any, columns: Any, threshold: int, quorum: int, out: Any) -> int:
        count = 0
        marks = np.empty(_WIDTH, np.uint8)
        limit = np.uint64(threshold)
        for i in range(rows.shape[1]):
            a, p, d = rows[0, i], rows[1, i], rows[2, i]
            for start in range(0, columns.shape[1], _WIDTH):
                width = min(_WIDTH, columns.shape[1] - start)
                own_a = columns[0, start : start + width]
                own_p = columns[1, start : start + width]
                own_d = columns[2, start : start + width]
                hits = 0
                for j in range(width):
                    votes = (
                        np.uint8(popcount(a ^ own_a[j]) < limit)
                        + np.uint8(popcount(p ^ own_p[j]) < limit)
                        + np.uint8(popcount(d ^ own_d[j]) < limit)
                    )
                    marks[j] = np.uint8(votes >= quorum)
                    hits += marks[j]
                if hits:
                    for j in range(width):
                        if marks[j]:
                            if count < out.shape[0]:
                                out[count, 0] = i
                                out[count, 1] = start + j
                            count += 1
        return count

    return search
