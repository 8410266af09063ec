"""Do the tests notice a mistake in the losses or in DropToken? ``make mutation``; about half an hour.

cosmic-ray's default operators change one token of a module (``+`` becomes ``-``, 1 becomes 2, a ``not`` is added, a
decorator goes). A seeded sample of all such mutants meets the tests of the two modules, one mutant at a time, in a copy
of the tree. A mutant on which a test fails, or on which the tests hang, is killed; one that passes them survives, and
must be explained in ``tools/mutation_reasons.json``.

Not counted: what lies in an annotation, a type alias or a string, and what is no longer Python.

    python tools/mutation.py                # run them, write results/mutation.json and results/mutation.md
    python tools/mutation.py --survivors    # after a test was added: only those that survived, once more
    python tools/mutation.py --page         # after a reason was added: write results/mutation.md again
"""

import ast
import difflib
import json
import os
import random
import re
import shlex
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "results" / "mutation.json"
REASONS = ROOT / "tools" / "mutation_reasons.json"

MODULES = ("vatt_edu/losses.py", "vatt_edu/droptoken.py")
TESTS = (
    "tests/test_droptoken.py",
    "tests/test_losses.py",
    "tests/test_losses_mutants.py",
    "tests/parity/test_official_losses.py",
)
ADDOPTS = "-rfE --jaxtyping-packages=vatt_edu,beartype.beartype"  # instead of pyproject.toml's
SEED = 0
SAMPLE = 150

_ALIAS = re.compile(r"[A-Z][a-z]\w*")  # a name in CamelCase that a module assigns is a type
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Mutant:
    """One changed token of a module; the change as the lines of a diff."""

    module: str
    line: int
    operator: str
    occurrence: int
    start: tuple[int, int]
    end: tuple[int, int]
    change: tuple[str, ...]


def left_out(source: str) -> list[_Span]:
    """Where a mutation says nothing about the tests: annotations, type aliases and strings."""
    spans: list[ast.expr | None] = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            spans.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            spans.append(node.returns)
        elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            spans.append(node)
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and _ALIAS.fullmatch(ast.unparse(statement.targets[0])):
            spans.append(statement.value)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)) for node in spans if node
    ]


def mutants(module: str) -> Iterator[Mutant]:
    """All mutants of a module that count, in cosmic-ray's order."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code

    source = (ROOT / module).read_text()
    excluded, nodes = left_out(source), list(ast_nodes(get_ast(source)))
    for name in plugins.operator_names():
        kind = plugins.get_operator(name)
        if kind.arguments():
            continue  # replaces the variables that it is told; by default it is told none
        operator = kind()
        positions = [position for node in nodes for position in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(positions):
            if any(first <= start and end <= last for first, last in excluded):
                continue
            changed = mutate_code(source, operator, occurrence)
            if is_python(changed):
                yield Mutant(module, start[0], name, occurrence, start, end, difference(source, changed))


def is_python(source: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):  # `x is "a"` is Python, however odd
            compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def difference(before: str, after: str) -> tuple[str, ...]:
    """The lines that differ, with - and + before them; empty lines are left out."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return tuple(f"{line[0]} {line[1:].strip()}" for line in lines if line[0] in "+-" and line[1:].strip())


def sample() -> tuple[list[Mutant], int]:
    """The mutants to try, and how many there were to choose from."""
    everything = [mutant for module in MODULES for mutant in mutants(module)]
    everything.sort(key=lambda mutant: (mutant.module, mutant.start, mutant.operator, mutant.occurrence))
    chosen = random.Random(SEED).sample(range(len(everything)), SAMPLE)
    return [everything[number] for number in sorted(chosen)], len(everything)


def run(chosen: list[Mutant]) -> list[dict[str, Any]]:
    """Tries each mutant in a copy of the tree."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.testing import run_tests
    from cosmic_ray.work_item import MutationSpec, TestOutcome

    options = shlex.split("-x -q -p no:cacheprovider -p no:xdist -p no:nbmake")
    command = shlex.join([sys.executable, "-m", "pytest", *options, "-o", f"addopts={ADDOPTS}", *TESTS])
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name in ("vatt_edu", "tests"):
            shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(ROOT / "pyproject.toml", "pyproject.toml")
        # The copy is what is tested. With CI set, hypothesis draws the same examples each time and remembers none.
        os.environ |= {"PYTHONPATH": folder, "CI": "true", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

        began = time.perf_counter()
        outcome, output = run_tests(command, 600)
        if outcome is not TestOutcome.SURVIVED:
            raise SystemExit(f"the tests fail before anything is changed:\n{output}")
        limit = max(60.0, 5 * (time.perf_counter() - began))

        for mutant in chosen:
            spec = MutationSpec(mutant.module, mutant.operator, mutant.occurrence, mutant.start, mutant.end)
            outcome = mutate_and_test([spec], command, limit)
            if outcome.test_outcome not in (TestOutcome.KILLED, TestOutcome.SURVIVED):
                raise SystemExit(f"{mutant}: {outcome.output}")
            hung, by = outcome.output == "timeout", _FAILED.search(outcome.output or "")
            rows.append(
                {
                    "module": mutant.module,
                    "line": mutant.line,
                    "operator": mutant.operator.removeprefix("core/"),
                    "change": list(mutant.change),
                    "outcome": "timeout" if hung else outcome.test_outcome.value,
                    "by": by[1].split("[")[0] if by else None,
                }
            )
            print(f"{len(rows)}/{len(chosen)} {mutant.module}:{mutant.line} {rows[-1]['outcome']}", flush=True)
    return rows


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many were killed, hung and survived; a mutant on which the tests hang counts as killed."""
    counts = Counter(row["outcome"] for row in rows)
    killed = counts["killed"] + counts["timeout"]
    return {
        "mutants": len(rows),
        "killed": counts["killed"],
        "timeout": counts["timeout"],
        "survived": counts["survived"],
        "killed_share": killed / len(rows),
    }


def reason(row: dict[str, Any], reasons: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What is said about a survivor: found by its module and its change, so that lines may move."""
    same = (entry for entry in reasons if (entry["module"], entry["change"]) == (row["module"], row["change"]))
    return next(same, None)


def page(record: dict[str, Any], reasons: list[dict[str, Any]]) -> str:
    """The report: totals, then every survivor with its change and its reason."""
    rows, total = record["rows"], record["totals"]
    survivors = [row for row in rows if row["outcome"] == "survived"]
    killed = total["killed"] + total["timeout"]
    first = record["settings"].get("killed_at")
    again = f" All ran at commit {first}; what survived there was tried again at this one." if first else ""
    lines = [
        "# Mutants of the losses and of DropToken",
        "",
        f"`{record['command']}`, at commit {record['commit']}. Of {record['settings']['of']} mutants that cosmic-ray "
        f"{record['versions']['cosmic-ray']} makes with its default operators (annotations, type aliases and strings "
        f"left out), {total['mutants']} were drawn with seed {record['settings']['seed']}. The tests kill {killed}, "
        f"{100 * total['killed_share']:.1f} %, {total['timeout']} of them because they hang; {total['survived']} "
        f"survive.{again}",
        "",
        "| module | mutants | killed | hung | survived |",
        "|---|--:|--:|--:|--:|",
    ]
    for module in MODULES:
        part = totals([row for row in rows if row["module"] == module])
        lines.append(
            f"| `{module}` | {part['mutants']} | {part['killed']} | {part['timeout']} | {part['survived']} |",
        )
    lines += ["", "## Survivors", ""]
    for number, row in enumerate(survivors, 1):
        why = reason(row, reasons) or {"kind": "not explained", "reason": ""}
        lines += [
            f"{number}. `{row['module']}`, line {row['line']}, {row['operator']}: **{why['kind']}**. {why['reason']}",
            "",
            "   ```diff",
            *(f"   {line}" for line in row["change"]),
            "   ```",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def write_page(record: dict[str, Any]) -> None:
    reasons = json.loads(REASONS.read_text())
    RESULT.with_suffix(".md").write_text(page(record, reasons))
    total = record["totals"]
    print(f"{total['killed'] + total['timeout']} of {total['mutants']} killed, {100 * total['killed_share']:.1f} %")
    for row in record["rows"]:
        if row["outcome"] == "survived" and reason(row, reasons) is None:
            print(f"no reason yet: {row['module']}:{row['line']}", *row["change"], sep="\n  ")


def main(arguments: list[str]) -> None:
    if "--page" in arguments:
        write_page(json.loads(RESULT.read_text()))
        return
    from vatt_edu.system import machine

    where = machine()
    where["versions"] |= {name: version(name) for name in ("cosmic-ray", "pytest", "hypothesis")}
    chosen, of = sample()
    print(f"{len(chosen)} of {of} mutants", flush=True)
    settings = {"seed": SEED, "of": of, "modules": list(MODULES), "tests": list(TESTS)}
    if "--survivors" in arguments:
        before = json.loads(RESULT.read_text())
        rows = before["rows"]
        if [(row["module"], row["change"]) for row in rows] != [(one.module, list(one.change)) for one in chosen]:
            raise SystemExit("the modules have changed since: run all mutants")
        settings["killed_at"] = before["settings"].get("killed_at", before["commit"])
        again = [number for number, row in enumerate(rows) if row["outcome"] == "survived"]
        for number, row in zip(again, run([chosen[number] for number in again]), strict=True):
            rows[number] = row
    else:
        rows = run(chosen)
    record = {"command": "make mutation", "settings": settings, **where, "totals": totals(rows), "rows": rows}
    RESULT.write_text(json.dumps(record, indent=1) + "\n")
    write_page(record)


if __name__ == "__main__":
    main(sys.argv[1:])
