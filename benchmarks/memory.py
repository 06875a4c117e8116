"""What a process held in memory at its highest, as a cell of a benchmark's table."""

import sys


def peak() -> str:
    """Return the peak of this process so far in MB, "?" where the system does not tell."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return "?"
    told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{told // (2**20 if sys.platform == 'darwin' else 2**10):,} MB"
