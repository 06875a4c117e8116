"""Run gspread's own test-suite, unmodified and live, against the stand-in: `python -m tests.google.run_gspread_suite`.

    python -m tests.google.run_gspread_suite [FOLDER] [-- PYTEST OPTIONS]

FOLDER is a checkout of gspread (or any folder with its `tests`). Without it the source package of the installed version
is fetched with pip; as of 6.2.1 that package does not hold the tests, and the script then says so. The suite needs
pytest-vcr, which records what it sends, and a pytest that lets a fixture bear a mark: `pip install pytest-vcr
"pytest<9"` first. Nothing is written outside a temporary folder.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.google.server import StandIn

# The one file of a stranger that the suite expects to be refused; every service has such files.
PRIVATE = "1jIKzPs8LsiZZdLdeMEP-5ZIHw6RkjiOmj1LrJN706Yc"


def fetch(folder: Path) -> Path | None:
    """Download and unpack gspread's source package; return the folder that holds `tests`, None where it has none."""
    wanted = f"gspread=={version('gspread')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-binary", "gspread", "--no-deps", wanted]
    subprocess.run([*command, "--dest", str(folder)], check=True)
    (package,) = folder.glob("gspread-*.tar.gz")
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    return next((found.parent for found in folder.glob("gspread-*/tests")), None)


def run(checkout: Path, work: Path, options: list[str]) -> str:
    """Copy the tests (without recordings) to `work`, run them live, and return what pytest printed."""
    shutil.copytree(checkout / "tests", work / "tests", ignore=shutil.ignore_patterns("cassettes", "__pycache__"))
    with StandIn() as google:
        google.state.strangers.add(PRIVATE)
        environment = {name: text for name, text in os.environ.items() if name.lower() != "no_proxy"}
        environment |= {
            "HTTPS_PROXY": google.proxy,
            "REQUESTS_CA_BUNDLE": google.ca,
            "GS_CREDS_FILENAME": google.credentials,
            "GS_RECORD_MODE": "all",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", *options]
        done = subprocess.run(command, cwd=work, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


def main(argv: list[str] | None = None) -> int:
    """Run the suite and print its count on the last line."""
    parser = argparse.ArgumentParser(prog="python -m tests.google.run_gspread_suite")
    parser.add_argument("folder", nargs="?", type=Path, help="a checkout of gspread; default: its source package")
    parser.add_argument("options", nargs="*", help="options for pytest, after --")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        checkout = arguments.folder or fetch(Path(temporary))
        if checkout is None or not (checkout / "tests").is_dir():
            print(f"No tests in {checkout or 'the source package of gspread'}: give a checkout of gspread as FOLDER.")
            return 2
        output = run(checkout, Path(temporary) / "work", arguments.options)
    print(output)
    count = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)\b", output)}
    failed = sum(number for word, number in count.items() if word != "passed")
    print(f"{count.get('passed', 0)} of {sum(count.values())} tests passed live against the stand-in")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
