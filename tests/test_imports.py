"""The core stands on torch, numpy and jaxtyping alone."""

import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CORE = ("torch", "numpy", "jaxtyping")
ELSEWHERE = ("decord", "torchaudio", "datasets", "matplotlib", "ipywidgets", "tyro", "tensorflow")

STEP = """
import importlib.util
import sys

import torch

import vatt_edu as vatt
from vatt_edu.losses import vatt_loss

for name in {missing!r}:
    assert importlib.util.find_spec(name) is None, f"{{name}} can be imported here"

config = vatt.config.toy()
net = vatt.VATT(config.model)
video, audio, text = config.model.video, config.model.audio, config.model.text
clips, candidates = 4, 2
generator = torch.Generator().manual_seed(0)
everywhere = torch.ones(clips, dtype=torch.bool)
batch = vatt.Batch(
    video=torch.randint(0, 256, (clips, *video.clip, 3), dtype=torch.uint8, generator=generator),
    audio=torch.rand(clips, audio.samples, generator=generator) * 2 - 1,
    text=torch.randint(1, text.vocab, (clips, candidates, text.words), generator=generator),
    has_video=everywhere,
    has_audio=everywhere,
    has_text=everywhere,
    index=torch.arange(clips),
    text_id=torch.arange(clips * candidates).reshape(clips, candidates),
)
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
before = [parameter.detach().clone() for parameter in net.parameters()]
loss = vatt_loss(net(batch, seed=0, step=0), batch, config.loss).total
assert loss.isfinite(), loss
loss.backward()
without = [name for name, parameter in net.named_parameters() if parameter.grad is None]
assert not without, f"no gradient: {{without}}"
optimizer.step()
assert any((a != b).any() for a, b in zip(before, net.parameters()))
net.eval()
with torch.no_grad():
    assert net(batch).video_va.isfinite().all()
print("stepped", torch.__version__)
"""


def needed(names: tuple[str, ...]) -> set[str]:
    """``names`` and all that they require, in the running environment."""
    names_needed: set[str] = set()
    queue = list(names)
    while queue:
        name = canonicalize_name(queue.pop())
        if name not in names_needed:
            names_needed.add(name)
            requirements = map(Requirement, distribution(name).requires or [])
            queue += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return names_needed


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The Python of an environment that holds the core's distributions (as links), vatt_edu, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    variables = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", scheme="venv", vars=variables))
    for name in needed(CORE):
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    (site / "vatt_edu").symlink_to(root / "vatt_edu")
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(python: Path | str, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, timeout=300)


def test_import_stays_light() -> None:
    code = f"import sys, vatt_edu; print(*sorted(set({ELSEWHERE!r}) & set(sys.modules)))"
    result = run(sys.executable, code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


def test_bare_environment_is_bare(bare_python: Path) -> None:
    names = (*ELSEWHERE, "av", "cv2", "safetensors", "tokenizers", "beartype", "scipy", "pip")
    code = f"import importlib.util as u; print(*[n for n in {names!r} if u.find_spec(n)])"
    result = run(bare_python, code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []
    assert "No module named 'tyro'" in run(bare_python, "import tyro").stderr


def test_a_training_step_needs_only_the_core(bare_python: Path) -> None:
    result = run(bare_python, STEP.format(missing=ELSEWHERE))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("stepped")
