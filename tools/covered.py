"""Which lines and branches of the single-concept modules do their tests run? ``make coverage``; a few minutes.

Prints a row a module, writes ``results/coverage.json`` and fails where less than 95 % of a module's lines, or of its
branches, are run. Which modules: ``tool.coverage.report`` in pyproject.toml. That a line is run does not say that a
mistake in it would be noticed: for the losses and DropToken, ``make mutation`` asks that.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "results" / "coverage.json"
LEAST = 95.0

# The tests that are about these modules; what runs them by the way does not count.
TESTS = (
    *(
        f"tests/test_{name}.py"
        for name in (
            "agnostic", "batch", "common_space", "cost", "droptoken", "encoder", "log_mel", "losses", "losses_mutants",
            "model", "parameter_counts", "positions", "tokens",
        )
    ),
    "tests/parity",
    "tests/interop",
    "tests/evaluation/test_metrics.py",
    "tests/evaluation/test_intervals.py",
    "tests/finetuning",
    *(f"tests/training/test_{name}.py" for name in ("checkpoint", "optim", "schedule")),
)  # fmt: skip


def modules() -> list[str]:
    """The modules that pyproject.toml names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["report"]
    paths = [path.relative_to(ROOT) for pattern in settings["include"] for path in sorted(ROOT.glob(pattern))]
    return [path.as_posix() for path in paths if path.name != "__init__.py"]


def row(module: str, counted: dict[str, Any]) -> dict[str, Any]:
    """Counts and percentages of a module; one without branches has run all of them."""
    lines, run = counted["num_statements"], counted["covered_lines"]
    branches, taken = counted["num_branches"], counted["covered_branches"]
    return {
        "module": module,
        "lines": lines,
        "lines_percent": 100 * run / lines,
        "branches": branches,
        "branches_percent": 100 * taken / branches if branches else 100.0,
    }


def lacking(rows: list[dict[str, Any]]) -> list[str]:
    """The modules of which too little is run."""
    return [row["module"] for row in rows if min(row["lines_percent"], row["branches_percent"]) < LEAST]


def coverage(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    from vatt_edu.system import machine

    where = machine()
    where["versions"] |= {name: version(name) for name in ("coverage", "pytest")}
    with tempfile.TemporaryDirectory() as folder:
        data = f"--data-file={folder}/data"
        coverage("run", data, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS)
        coverage("report", data)
        coverage("json", data, "-q", "-o", f"{folder}/found.json")
        files = json.loads(Path(folder, "found.json").read_text())["files"]
    rows = [row(module, files[module]["summary"]) for module in modules()]
    print(f"\n{'module':<44} {'lines':>6} {'run':>7} {'branches':>9} {'taken':>7}")
    for one in rows:
        print(f"{one['module']:<44} {one['lines']:6d} {one['lines_percent']:6.1f}% {one['branches']:9d} "
              f"{one['branches_percent']:6.1f}%")  # fmt: skip
    settings = {"tests": list(TESTS), "least": LEAST}
    RESULT.write_text(
        json.dumps({"command": "make coverage", "settings": settings, **where, "rows": rows}, indent=1) + "\n"
    )
    if below := lacking(rows):
        raise SystemExit(f"below {LEAST:g} % of lines or of branches: {', '.join(below)}")


if __name__ == "__main__":
    main()
