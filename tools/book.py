"""Run the book's notebooks once, and render them.

``python tools/book.py execute [CHAPTER]``  book/ → _executed/: each notebook that changed, or whose package, results or
                                         sample data changed, is run by nbmake and stored with its outputs
``python tools/book.py build [CHAPTER]``    _executed/ → _build/html/: Jupyter Book with execution off, a warning is an
                                         error; one chapter alone goes to _build/CHAPTER/

Tests and pages share that one execution. What is up to date is decided by content, not by time stamps. Two notebooks
run at a time, with one thread each.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BOOK, EXECUTED, BUILD = ROOT / "book", ROOT / "_executed", ROOT / "_build"
BIN = Path(sys.executable).parent
CELL_TIMEOUT, NOTEBOOK_TIMEOUT = 900, 1800  # seconds
HEARTBEAT = 15  # seconds between two signs of life
AT_A_TIME = 2
STATE = EXECUTED / ".state.json"

NOTEBOOK_INPUTS = ("vatt_edu", "results", "data_samples", "constraints.txt")
PAGE_INPUTS = ("_executed", "_config.yml", "_ext", "site_static", "constraints.txt", "tools/book.py")
GENERATED = {"__pycache__", ".ipynb_checkpoints", "cache"}  # cache: decoded clips beside a corpus


def files(path: Path) -> Iterator[Path]:
    """Every file at or below ``path`` that a person wrote, in a fixed order."""
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name not in GENERATED:
                yield from files(child)


def fingerprint(*names: str) -> str:
    """A hash of names and contents."""
    digest = hashlib.sha256()
    for name in names:
        for path in files(ROOT / name):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def environment() -> dict[str, str]:
    """The environment variables of a subprocess: our programs first, one thread unless told otherwise."""
    ours = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    corpora = {"VATT_DATA": os.environ.get("VATT_DATA", str(ROOT / "build"))}
    threads = {name: os.environ.get(name, "1") for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    return {**os.environ, **ours, **corpora, **threads, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def run_notebook(name: str) -> tuple[int, str]:
    """Run one notebook of ``_executed/`` in place. Returns the exit code, and what was printed."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += ["--nbmake", "--overwrite", f"--nbmake-timeout={CELL_TIMEOUT}", f"--timeout={NOTEBOOK_TIMEOUT}", name]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=EXECUTED, env=environment(), **pipes) as process:
        output, _ = process.communicate()
    return process.returncode, output


def failed_cell(output: str, notebook: dict[str, Any]) -> str:
    """Which cell of a notebook stopped it, by what was printed: its number among the code cells, and its id."""
    numbers = re.findall(r"Cell In\[(\d+)\]", re.sub(r"\x1b\[[\d;]*m", "", output))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if not numbers or int(numbers[-1]) > len(code):
        return "no cell of it was reached"
    number = int(numbers[-1])
    return f"code cell {number} (id {code[number - 1]['id']})"


def stale_notebooks(state: dict[str, Any], chapter: str | None) -> list[tuple[str, str]]:
    """Notebooks to run, the longest first, with the key under which each is then up to date; copies all other files."""
    sources = {str(path.relative_to(BOOK)): path for path in files(BOOK)}
    if chapter and f"{chapter}.ipynb" not in sources:
        chapters = ", ".join(Path(name).stem for name in sources if name.endswith(".ipynb"))
        raise SystemExit(f"no notebook {chapter!r} in book/; there are: {chapters}")
    for old in list(files(EXECUTED)):
        if str(old.relative_to(EXECUTED)) not in sources and old != STATE:
            old.unlink()
    inputs = fingerprint(*NOTEBOOK_INPUTS)
    stale = []
    for name, path in sources.items():
        copy = EXECUTED / name
        key = f"{inputs}-{fingerprint(f'book/{name}')}"
        if path.suffix != ".ipynb":
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        elif chapter in (None, path.stem) and (state.get(name, {}).get("key") != key or not copy.exists()):
            stale.append((name, key))
    return sorted(stale, key=lambda item: -state.get(item[0], {}).get("seconds", 0.0))


def execute(chapter: str | None = None, run: Callable[[str], tuple[int, str]] = run_notebook) -> int:
    """Bring ``_executed/`` up to date with ``book/``, or one chapter of it."""
    state = json.loads(STATE.read_text()) if STATE.exists() else {}
    stale = stale_notebooks(state, chapter)
    if not stale:
        print("    nothing to run: notebooks, package, results and sample data are as at the last execution")
    failed = []

    def work(name: str) -> tuple[int, str, float]:
        print(f"    {name}: running", flush=True)
        (EXECUTED / name).parent.mkdir(parents=True, exist_ok=True)
        (EXECUTED / name).write_bytes((BOOK / name).read_bytes())
        started = time.monotonic()
        code, output = run(name)
        return code, output, time.monotonic() - started

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        began = time.monotonic()
        left = {pool.submit(work, name): (name, key) for name, key in stale}
        while left:
            done, _ = wait(left, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
            if not done:
                print(f"    {time.monotonic() - began:.0f} s, {len(left)} of {len(stale)} to go", flush=True)
            for future in done:
                name, key = left.pop(future)
                code, output, seconds = future.result()
                if code:
                    cell = failed_cell(output, json.loads((BOOK / name).read_text(encoding="utf-8")))
                    failed.append(f"{name}, {cell}")
                    state.pop(name, None)
                    print(output, flush=True)
                else:
                    state[name] = {"key": key, "seconds": round(seconds, 1)}
                print(f"    {name}: {'failed after' if code else 'done in'} {seconds:.0f} s", flush=True)
                STATE.write_text(json.dumps(state, indent=1))
    if failed:
        print(f"failed: {'; '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def build_chapter(chapter: str) -> int:
    """Render one chapter alone: links to others lead nowhere."""
    out = BUILD / chapter
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "_toc.yml").write_text(f"format: jb-book\nroot: {chapter}\n")
    command = [str(BIN / "jupyter-book"), "build", str(EXECUTED), "--config", "_config.yml", "--path-output", str(out)]
    code = subprocess.run([*command, "--toc", str(out / "_toc.yml")], cwd=ROOT, env=environment()).returncode
    page = out / "_build" / "html" / f"{chapter}.html"
    if not code:
        print(f"==> open {page}\n    {page.as_uri()}")
    return code


def build(chapter: str | None = None) -> int:
    """Render ``_executed/`` unless the pages are up to date, and print where to open them; or one chapter alone."""
    if chapter:
        return build_chapter(chapter)
    marker, first = BUILD / "built.json", BUILD / "html" / "index.html"
    key = fingerprint(*PAGE_INPUTS)
    if first.exists() and marker.exists() and json.loads(marker.read_text())["key"] == key:
        print("    nothing to render: the pages are up to date")
    else:
        shutil.rmtree(BUILD, ignore_errors=True)  # a rebuild in place would forget an old page's warning
        command = [str(BIN / "jupyter-book"), "build", str(EXECUTED), "--config", "_config.yml", "--path-output", "."]
        code = subprocess.run([*command, "-W", "-n", "--keep-going"], cwd=ROOT, env=environment()).returncode
        if code:
            return code
        marker.write_text(json.dumps({"key": key}))
    print(f"==> open {first}\n    {first.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit({"execute": execute, "build": build}[sys.argv[1]](*filter(None, sys.argv[2:])))
