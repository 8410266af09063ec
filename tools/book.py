"""Run the book's notebooks once, and render them.

``python tools/book.py execute``   book/ → _executed/: each notebook that changed, or whose package, results or sample
                                data changed, is run by nbmake and stored with its outputs
``python tools/book.py build``     _executed/ → _build/html/: Jupyter Book with execution off, a warning is an error

Tests and pages share that one execution. What is up to date is decided by content, not by time stamps.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOK, EXECUTED, BUILD = ROOT / "book", ROOT / "_executed", ROOT / "_build"
BIN = Path(sys.executable).parent
CELL_TIMEOUT, NOTEBOOK_TIMEOUT = 900, 1800  # seconds
HEARTBEAT = 15  # seconds between two signs of life

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
    """The environment variables of a subprocess: our programs first, two threads unless told otherwise."""
    ours = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    corpora = {"VATT_DATA": os.environ.get("VATT_DATA", str(ROOT / "build"))}
    threads = {name: os.environ.get(name, "2") for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    return {**os.environ, **ours, **corpora, **threads, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def run_notebook(name: str) -> int:
    """Run one notebook of ``_executed/`` in place; says every few seconds that it is at work. Returns the exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += ["--nbmake", "--overwrite", f"--nbmake-timeout={CELL_TIMEOUT}", f"--timeout={NOTEBOOK_TIMEOUT}", name]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=EXECUTED, env=environment())
    while True:
        try:
            return process.wait(timeout=HEARTBEAT)
        except subprocess.TimeoutExpired:
            print(f"    {name}: still running, {time.monotonic() - started:.0f} s", flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise


def execute() -> int:
    """Bring ``_executed/`` up to date with ``book/``."""
    state_file = EXECUTED / ".state.json"
    state = json.loads(state_file.read_text()) if state_file.exists() else {}
    sources = {str(path.relative_to(BOOK)): path for path in files(BOOK)}
    for old in list(files(EXECUTED)):
        if str(old.relative_to(EXECUTED)) not in sources and old != state_file:
            old.unlink()
    inputs = fingerprint(*NOTEBOOK_INPUTS)
    stale = []
    for name, path in sources.items():
        copy = EXECUTED / name
        key = f"{inputs}-{fingerprint(f'book/{name}')}"
        if path.suffix != ".ipynb":
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        elif state.get(name, {}).get("key") != key or not copy.exists():
            stale.append((name, key))
    if not stale:
        print("    nothing to run: notebooks, package, results and sample data are as at the last execution")
    failed = []
    for number, (name, key) in enumerate(stale, 1):
        before = f", {state[name]['seconds']:.0f} s the last time" if name in state else ""
        print(f"    running {number} of {len(stale)}: {name}{before}", flush=True)
        (EXECUTED / name).parent.mkdir(parents=True, exist_ok=True)
        (EXECUTED / name).write_bytes((BOOK / name).read_bytes())
        started = time.monotonic()
        if run_notebook(name):
            failed.append(name)
            state.pop(name, None)
        else:
            state[name] = {"key": key, "seconds": round(time.monotonic() - started, 1)}
        state_file.write_text(json.dumps(state, indent=1))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def build() -> int:
    """Render ``_executed/`` unless the pages are up to date, and print where to open them."""
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
    sys.exit({"execute": execute, "build": build}[sys.argv[1]]())
