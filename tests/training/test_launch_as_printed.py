"""Every command that *Scaling up* prints for a reader to type is run here, as printed, from a copy of the repository.

So are those of its cells that train or would, which also run whenever the page is made. What a cluster or a machine of
one's own would have is put in place: clips, an environment, and programs named sbatch, srun and scontrol.
"""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import clips
from test_launch import SCONTROL, SRUN, TIMEOUT, command

from vatt_edu.teach import shell
from vatt_edu.training.run_folder import read_log

ROOT = Path(__file__).resolve().parents[2]
CELLS = json.loads((ROOT / "book" / "scaling_up.ipynb").read_text(encoding="utf-8"))["cells"]
PROSE = "\n".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", PROSE, re.DOTALL) for line in block.strip().splitlines()]

TYPED = [
    ast.literal_eval(node.value)
    for cell in CELLS
    if cell["id"] in ("survival-runs", "dry-toy", "dry-large")
    for node in ast.parse("".join(cell["source"])).body
    if isinstance(node, ast.Assign)
]

# A job on as many machines as the file asks for, all of them this one; variables as SLURM sets them.
SBATCH = """
import os, re, sys
from pathlib import Path
asked = dict(re.findall(r"^#SBATCH --([\\w-]+)=(\\S+)", Path(sys.argv[1]).read_text(), re.M))
assert asked["ntasks-per-node"] == "1" and asked["signal"].startswith("B:USR1"), asked
nodes = int(asked["nodes"])
job = {{"SLURM_JOB_ID": "17", "SLURM_NNODES": str(nodes), "SLURM_SUBMIT_DIR": os.getcwd(),
       "SLURM_JOB_NODELIST": ",".join(["localhost"] * nodes)}}
os.execvpe("bash", ["bash", *sys.argv[1:]], os.environ | job)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "launch").symlink_to(ROOT / "launch")
    clips.corpus(folder / "my_videos", narrated=8, text_free=8)
    command(folder / "bin/sbatch", SBATCH)
    command(folder / "bin/srun", SRUN)
    command(folder / "bin/scontrol", SCONTROL, record=folder / "queue.txt")
    return folder


def test_all_files_of_launch_are_printed() -> None:
    names = {path.name for path in (ROOT / "launch").iterdir()}
    assert {name for name in names if any(f"launch/{name}" in line for line in COMMANDS)} == names
    assert sum("--dry-run" in line for line in COMMANDS) == 1


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: re.sub(r"\W+", "-", line)[:60])
def test_a_printed_command_does_what_the_page_says(line: str, checkout: Path) -> None:
    venv = Path(sys.executable).parent.parent
    environment = os.environ | {
        "PATH": f"{checkout / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "VENV": str(venv), "OMP_NUM_THREADS": "1",
        "PORT": str(20_000 + os.getpid() % 20_000), "SLURM_GPUS_ON_NODE": "1",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    out = checkout / re.search(r"--out (\S+)", line)[1]
    if "--dry-run" in line:
        assert "on 2 processes" in done.stdout
        assert not out.exists()
        return
    assert [row["step"] for row in read_log(out)] == [0, 1, 2, 3]
    assert (out / "model.safetensors").exists()
    assert (
        json.loads((out / "checkpoints" / (out / "LAST").read_text().strip() / "meta.json").read_text())["processes"]
        == 2
    )


def test_the_commands_of_its_cells(checkout: Path) -> None:
    """The same words on other clips: what would be, twice, and the run of which the page kills a process."""
    (checkout / "tiny").symlink_to(checkout / "my_videos")
    train, toy, large = TYPED
    assert "toy: 1,100 steps on 1 processes" in shell.run(toy, checkout)
    shown = shell.run(large, checkout, timeout=float(TIMEOUT))
    assert "on 64 processes" in shown
    assert "micro-batches of 8" in shown
    assert not (checkout / "run").exists()
    shell.run(train.format("undisturbed"), checkout, timeout=float(TIMEOUT))
    assert [row["step"] for row in read_log(checkout / "undisturbed")] == list(range(16))
