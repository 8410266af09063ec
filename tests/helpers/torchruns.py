"""Runs under torchrun: the command, as a user would type it, and its end."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from helpers import runs

TIMEOUT = 240  # seconds, for a run that takes ten on an idle machine


def start(world: int, data: Path, out: Path, *more: str, restarts: int = 0, **fields: Any) -> subprocess.Popen[str]:
    """``torchrun --nproc-per-node WORLD -m vatt_edu.cli pretrain toy …``, tiny; ends with its processes."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(world), "--standalone",
        "--max-restarts", str(restarts), "--monitor-interval", "0.2",
        "-m", "vatt_edu.cli", *runs.words(data, out, *more, **fields),
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and all that it and its processes wrote."""
    try:
        shown, _ = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.terminate()  # torchrun ends its processes
        shown, _ = process.communicate(timeout=60)
        raise TimeoutError(shown[-3000:]) from None
    return process.returncode, shown
