"""Commands and scripts that a page shows: run as printed, with an end that comes in any case; explained line by line.

A cell that fails, is interrupted or takes too long leaves no process behind: torchrun is told to end, ends its own, and
whatever is left of the group is killed.
"""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

GRACE = 15  # seconds that torchrun has to end its processes
LAUNCH = Path(__file__).resolve().parents[2] / "launch"


@contextmanager
def started(command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A command as a reader would type it, in a process group that ends with the block.

    Args:
        command: A line of a shell without pipes, ``NAME=VALUE`` before it or not; ``torchrun`` and ``vatt`` are those
            beside this Python.
        folder: Where it runs.
    """
    words = shlex.split(command)
    variables = {"OMP_NUM_THREADS": "1"}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    beside = Path(sys.executable).parent / words[0]
    if beside.exists():
        words[0] = str(beside)
    process = subprocess.Popen(
        words, cwd=folder, env=os.environ | variables, stdout=-1, stderr=-2, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        try:
            if process.poll() is None:
                process.terminate()
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            print(f"{command}: ends too slowly, and is killed", file=sys.stderr)
        finally:
            _kill_group(process)


def run(command: str, folder: Path, timeout: float = 300.0) -> str:
    """What a command writes.

    Raises:
        RuntimeError: If it fails, or takes longer than ``timeout`` seconds; with the end of what it wrote.
    """
    with started(command, folder) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            text = (error.stdout or b"").decode() if not isinstance(error.stdout, str) else error.stdout
            raise RuntimeError(f"{command}: not done in {timeout:g} s\n{text[-2000:]}") from None
    if process.returncode:
        raise RuntimeError(f"{command}: exit code {process.returncode}\n{output[-2000:]}")
    return output


def _kill_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def explained(script: str, notes: Mapping[str, str]) -> str:
    """A script of ``launch/`` as Markdown: its commands, and above them what they do.

    Args:
        script: The file's name.
        notes: What is done from the line on that begins with the key, up to the next key's.

    Raises:
        ValueError: If a command has no note, or a note no command.
    """
    lines = [line for line in (LAUNCH / script).read_text().splitlines() if not _is_comment(line)]
    groups: dict[str, list[str]] = {}
    key = None
    for line in lines:
        key = next((name for name in notes if name not in groups and line.strip().startswith(name)), key)
        if key is None:
            raise ValueError(f"launch/{script}: no note explains {line!r}")
        groups.setdefault(key, []).append(line)
    if missing := notes.keys() - groups.keys():
        raise ValueError(f"launch/{script} has no line that begins with {', '.join(sorted(missing))}")
    return "\n\n".join(f"{words}\n\n```bash\n{chr(10).join(groups[key])}\n```" for key, words in notes.items())


def _is_comment(line: str) -> bool:
    return not line.strip() or (line.startswith("#") and not line.startswith("#SBATCH"))
