"""The files of ``launch/`` start four processes, as a cluster, a machine at hand and a rented one would."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import clips, runs

from vatt_edu.cli import main
from vatt_edu.commands.training import parse_pretrain
from vatt_edu.cost import cost
from vatt_edu.training.run_folder import read_log

TIMEOUT = 280
FIELDS = {"data__text_free": 4}

# One machine acts as many: each task runs here. What a cluster would refuse is refused.
SRUN = """
import os, signal, subprocess, sys
words, options = sys.argv[1:], {{}}
while words[0].startswith("--"):
    name, _, value = words.pop(0).partition("=")
    options[name] = value or words.pop(0)
assert options["--nodes"] == options["--ntasks"] == os.environ["SLURM_NNODES"], options
assert options["--ntasks-per-node"] == "1", options
assert words[words.index("--rdzv-endpoint") + 1] == "localhost:" + os.environ["PORT"], words
assert words[words.index("--rdzv-id") + 1] == os.environ["SLURM_JOB_ID"], words
tasks = [
    subprocess.Popen(words, env=os.environ | {{"SLURM_NODEID": str(node), "SLURM_PROCID": str(node)}})
    for node in range(int(options["--nodes"]))
]
signal.signal(signal.SIGTERM, lambda *_: [task.terminate() for task in tasks])
sys.exit(max(abs(task.wait()) for task in tasks))
"""
SCONTROL = """
import sys
from pathlib import Path
if sys.argv[1:3] == ["show", "hostnames"]:
    print("localhost\\nlocalhost")
else:
    with Path("{record}").open("a") as file:
        file.write(" ".join(sys.argv[1:]) + "\\n")
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=3, text_free=3)


def command(file: Path, text: str, **names: Path) -> None:
    """Writes a program in Python."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!{sys.executable}\n{text.format(**names)}")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def start(file: str, root: Path, words: list[str], **environment: str) -> subprocess.Popen[str]:
    variables = os.environ | {"PYTHON": sys.executable, "RESTARTS": "0"} | environment
    line = ["bash", str(root / "launch" / file), *words[1:]]  # without the word pretrain
    return subprocess.Popen(line, env=variables, cwd=root, stdout=-1, stderr=-2, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        shown, _ = process.communicate(timeout=TIMEOUT)
    finally:
        process.terminate()
    return process.returncode, shown


def test_one_machine(root: Path, world: Path, tmp_path: Path) -> None:
    words = runs.words(world, tmp_path / "run", **FIELDS)
    code, shown = finish(start("one_machine.sh", root, words, PROCESSES="4"))
    assert code == 0, shown
    assert [row["step"] for row in read_log(tmp_path / "run")] == [0, 1, 2]


def test_a_dry_run_says_what_it_would_be_and_writes_nothing(root: Path, world: Path, tmp_path: Path) -> None:
    words = runs.words(world, tmp_path / "run", "--dry-run", **FIELDS | {"train__micro_batch": 2})
    code, shown = finish(start("one_machine.sh", root, words, PROCESSES="2"))
    assert code == 0, shown
    lines = [line for line in shown.splitlines() if ":" in line]
    assert [line.split(":")[0] for line in lines] == [
        "toy", "batch", "memory", "sent by each process in a step", "to learn from", "time", "reading"
    ]  # fmt: skip
    assert "3 steps on 2 processes (cpu, fp32)" in lines[0]
    assert "2 narrated videos x 2 windows + 4 clips without text = 8 clips; 4 on each process, in 2 micro" in lines[1]
    hours, step = (float(re.search(pattern, lines[5])[1]) for pattern in (r"([\d.]+) hours", r"([\d.]+) s a step"))
    assert hours == pytest.approx(step * 3 / 3600, abs=0.1)
    assert not (tmp_path / "run").exists()


def test_the_time_of_a_dry_run_is_of_all_parts_once(world: Path, tmp_path: Path, capsys) -> None:
    """As ``vatt cost`` says it: of three forward passes, each part of the model counted once."""
    words = runs.words(world, tmp_path / "run", "--dry-run")
    assert main(words) == 0
    shown = float(re.search(r"time: ([\d.e+-]+) TFLOP a step", capsys.readouterr().out)[1])
    config = parse_pretrain("toy", words[2:]).config
    assert config.model.droptoken.keep_video == config.model.droptoken.keep_audio
    parts = cost(config, config.data.batch_size, config.model.droptoken.keep_video)["flops"]
    forward = sum(part["here"] for name, part in parts.items() if name != "total")
    assert shown == pytest.approx(3 * forward / 1e12, rel=5e-3)  # three digits are printed


@pytest.mark.parametrize(
    ("change", "message"),
    [({"data__text_free": 3}, "a batch of 7 clips cannot be shared by 2 processes"), ({"data": "nowhere"}, "nowhere")],
)
def test_a_dry_run_ends_where_the_run_would(
    change: dict, message: str, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    fields = {"data__text_free": 4} | change
    words = runs.words(fields.pop("data", world), tmp_path / "run", "--dry-run", **fields)
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_rented_machine(root: Path, world: Path, tmp_path: Path) -> None:
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python").symlink_to(sys.executable)
    words = runs.words(world, tmp_path / "run", **FIELDS)
    environment = {"VENV": str(Path(sys.executable).parent.parent), "PROCESSES": "4"}
    code, shown = finish(start("cloud.sh", root, words, **environment))
    assert code == 0, shown
    assert [row["step"] for row in read_log(tmp_path / "run")] == [0, 1, 2]
    assert "trained to step 3" in (tmp_path / "run.txt").read_text()


def test_a_cluster_that_ends_the_job_before_the_run_is_done(root: Path, world: Path, tmp_path: Path) -> None:
    """Two machines of two processes; the time is over, all save, and the job is in the queue again."""
    command(tmp_path / "bin/srun", SRUN)
    command(tmp_path / "bin/scontrol", SCONTROL, record=tmp_path / "queue.txt")
    port = str(20_000 + os.getpid() % 20_000)
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SLURM_JOB_ID": "17", "SLURM_NNODES": "2", "PORT": port,
        "SLURM_JOB_NODELIST": "localhost,localhost", "SLURM_SUBMIT_DIR": str(root), "PROCESSES": "2",
    }  # fmt: skip
    run = tmp_path / "run"
    words = runs.words(world, run, "--no-cache", **FIELDS | {"train__steps": 1000, "train__checkpoint_every": 1000})
    process = start("slurm.sbatch", root, words, **environment)
    began = time.monotonic()
    while len(read_log(run)) < 3:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() - began < TIMEOUT, "it does not come that far"
        time.sleep(0.05)
    process.send_signal(signal.SIGUSR1)
    code, shown = finish(process)
    assert code == 0, shown
    assert (tmp_path / "queue.txt").read_text() == "requeue 17\n"
    steps = len(read_log(run))
    assert (run / "LAST").read_text() == f"step-{steps:08d}\n"
    assert f"stopped and saved at step {steps}" in shown


@pytest.mark.parametrize("file", ["one_machine.sh", "cloud.sh", "slurm.sbatch"])
@pytest.mark.parametrize("chosen", ["", "70"])
def test_torchrun_waits_until_all_have_saved(file: str, chosen: str, root: Path, tmp_path: Path) -> None:
    """In the place of torchrun, a program that says how long torchrun would wait; less than the cluster's notice."""
    reads = (
        "from torch.distributed.launcher.api import LaunchConfig\n"
        "print('waits', LaunchConfig(1, 1, 1, logs_specs=object()).shutdown_timeout)\n"
    )
    (tmp_path / "venv").mkdir()
    command(tmp_path / "venv/bin/python", reads)
    command(tmp_path / "bin/srun", reads)
    command(tmp_path / "bin/scontrol", SCONTROL, record=tmp_path / "queue.txt")
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SLURM_JOB_ID": "17", "SLURM_NNODES": "2",
        "SLURM_JOB_NODELIST": "localhost,localhost", "SLURM_SUBMIT_DIR": str(root),
        "PYTHON": str(tmp_path / "venv/bin/python"), "VENV": str(tmp_path / "venv"),
        "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": chosen,
    }  # fmt: skip
    code, shown = finish(start(file, root, ["pretrain", "toy", "--out", str(tmp_path / "run")], **environment))
    assert code == 0, shown
    seconds = int(re.search(r"waits (\d+)", shown)[1])
    assert seconds == int(chosen or 150)
    notice = re.search(r"--signal=B:USR1@(\d+)", (root / "launch" / "slurm.sbatch").read_text())
    assert seconds < int(notice[1])
