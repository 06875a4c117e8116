"""What `--help` prints, in the documents: usage lines in the README, all of it in docs/commands.md.

`python -m tests.usage` writes them anew.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "commands.md")
BLOCK = re.compile(r"<!-- (?P<kind>usage|help): (?P<command>\w+\.py(?: \w+)?) -->\n```\n(?P<text>.*?)```\n", re.DOTALL)


def help_of(command: str) -> str:
    """Return what `COMMAND --help` prints on a terminal of 100 columns; `command` may name a subcommand."""
    script, *words = command.split()
    return subprocess.run(
        [sys.executable, str(ROOT / script), *words, "--help"],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def shown(kind: str, command: str) -> str:
    """Return what a block shows: the usage lines alone, or all that --help prints."""
    text = help_of(command)
    return text.split("\n\n")[0] + "\n" if kind == "usage" else text


def main() -> None:
    """Write every block of the documents anew."""
    for page in PAGES:
        text = page.read_text("utf-8")
        new = BLOCK.sub(
            lambda m: f"<!-- {m['kind']}: {m['command']} -->\n```\n{shown(m['kind'], m['command'])}```\n", text
        )
        page.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
