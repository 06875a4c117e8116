"""The clock that tokens, quotas and file times are read from; a test moves it instead of waiting."""

import time
from datetime import UTC, datetime


class Clock:
    """Real time plus what a test added; `advance` never sleeps."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._ahead += seconds

    def stamp(self) -> str:
        """Return the time as Drive writes it: UTC, milliseconds, a `Z`."""
        moment = datetime.fromtimestamp(self.now(), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
