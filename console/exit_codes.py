"""The exit codes of all commands; the README lists them."""

from typing import Final

DONE: Final = 0
STOPPED: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 3
INTERRUPTED: Final = 130
TERMINATED: Final = 143
