"""The usage blocks of the README: what `--help` prints. `python -m tests.usage` writes them anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- usage: (?P<script>\w+\.py) -->\n```\n(?P<text>.*?)```\n", re.DOTALL)


def help_of(script: str) -> str:
    """Return what `--help` prints on a terminal of 100 columns."""
    return subprocess.run(
        [sys.executable, str(ROOT / script), "--help"],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def main() -> None:
    """Write every usage block of the README anew."""
    text = README.read_text("utf-8")
    new = BLOCK.sub(lambda m: f"<!-- usage: {m['script']} -->\n```\n{help_of(m['script'])}```\n", text)
    README.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
