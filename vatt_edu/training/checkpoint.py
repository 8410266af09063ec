"""Checkpoints: tensors and JSON only, written so that a kill at any moment leaves the last complete one.

A checkpoint is a folder that appears under its name by one rename, after its files are on the disk; then ``LAST`` is
replaced. Step 0 is the model before training: it is never pruned, since evaluation shows it beside the trained one.

Training waits for the copy (``snapshot``), not for the disk: ``Writer`` writes it in a thread.
"""

import errno
import shutil
import threading
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from vatt_edu.errors import UserError, missing, shown
from vatt_edu.files import atomic, read_json, write_json, write_text, writing

_MODEL, _OPTIMIZER = "model.", "optimizer."


def save(run: Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, meta: dict[str, Any]) -> Path:
    """Writes ``RUN/checkpoints/step-XXXXXXXX`` and points ``RUN/LAST`` to it.

    Raises:
        UserError: If it cannot be written, or if a weight is not a number; what was saved before is kept.
    """
    return write(run, step, snapshot(step, model, optimizer), meta)


def snapshot(step: int, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Shaped[Tensor, "..."]]:
    """All tensors of a checkpoint, copied to the processor's memory: later steps do not change them.

    Raises:
        UserError: If a weight is not a number.
    """
    names = {id(p): name for name, p in model.named_parameters()}
    tensors = {_MODEL + name: value for name, value in model.state_dict().items()}
    for name, value in tensors.items():
        if not value.isfinite().all():
            raise UserError(f"{name} is not finite at step {step}; the last checkpoint is kept: lower optim.lr")
    for parameter, state in optimizer.state.items():
        tensors |= {f"{_OPTIMIZER}{names[id(parameter)]}.{key}": value for key, value in state.items()}
    return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}


def write(run: Path, step: int, tensors: dict[str, Shaped[Tensor, "..."]], meta: dict[str, Any]) -> Path:
    """Writes a ``snapshot`` of ``step`` as a checkpoint, and points ``RUN/LAST`` to it.

    Raises:
        UserError: If it cannot be written; what was saved before is kept.
    """
    folder = run / "checkpoints" / f"step-{step:08d}"
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with writing(folder), atomic(folder) as partial:
        partial.mkdir()
        write_tensors(partial / "state.safetensors", tensors)
        write_json(partial / "meta.json", {"step": step, **meta})
    write_text(run / "LAST", folder.name + "\n")
    return folder


class Writer:
    """Saves and prunes the checkpoints of a run in a thread, one at a time, while training goes on.

    What goes wrong in it is raised by the next call, or at the end of the ``with`` block, which waits for it. Until it
    is written, a snapshot needs as much of the processor's memory as a checkpoint has bytes.

    Args:
        run: The run's folder.
        keep: How many checkpoints stay, see ``prune``.
    """

    def __init__(self, run: Path, keep: int) -> None:
        self._run, self._keep = run, keep
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def save(self, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, meta: dict[str, Any]) -> None:
        """Takes a snapshot, and writes it when the one before is on the disk.

        Raises:
            UserError: If a weight is not a number, or the one before could not be written.
        """
        self.wait()
        tensors = snapshot(step, model, optimizer)
        self._thread = threading.Thread(target=self._write, args=(step, tensors, meta), name="checkpoint")
        self._thread.start()

    def check(self) -> None:
        """Looks at what has been written until now.

        Raises:
            UserError: If something could not be written.
        """
        if self._error is not None:
            self.wait()

    def wait(self) -> None:
        """Returns when nothing is left to write.

        Raises:
            UserError: If it could not be written.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.wait()
        except UserError:
            if kind is None:  # else what ended training says more
                raise

    def _write(self, step: int, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
        try:
            write(self._run, step, tensors, meta)
            prune(self._run, self._keep)
        except BaseException as error:
            self._error = error


def last(run: Path) -> Path | None:
    """The last complete checkpoint of a run: what ``LAST`` names, else the newest; None if there is none.

    Raises:
        UserError: If ``LAST`` names none: to begin again would throw away what was trained.
    """
    pointer = run / "LAST"
    if not pointer.exists():
        return max((run / "checkpoints").glob("step-*"), default=None)
    name = pointer.read_bytes().decode(errors="replace").strip()
    if not name.startswith("step-") or not (run / "checkpoints" / name).is_dir():
        raise UserError(f"{pointer} names no checkpoint; write into it the name of one in {run / 'checkpoints'}")
    return run / "checkpoints" / name


def last_readable(run: Path) -> tuple[Path | None, list[str]]:
    """The last checkpoint that can be read, to go on from, and a note for each damaged one that is passed over.

    Raises:
        UserError: If none but the model before training can be read: to begin again would throw away what was trained.
    """
    newest, start = last(run), first(run)
    notes: list[str] = []
    for folder in sorted((run / "checkpoints").glob("step-*"), reverse=True):
        if newest is None or folder > newest or (notes and folder == start):
            continue
        try:
            require_readable(folder)
            return folder, [f"{note}; going on from {folder.name}" for note in notes]
        except UserError as error:
            notes.append(str(error))
    if notes:
        raise UserError(notes[0])
    return newest, []


def require_readable(folder: Path) -> None:
    """Makes sure that a checkpoint is as long as it says; its numbers are not read.

    Raises:
        UserError: If it is damaged.
    """
    read_meta(folder)
    path = folder / "state.safetensors"
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise missing("safetensors", "train") from None
    try:
        with safe_open(path, "pt"):
            pass
    except (OSError, SafetensorError) as error:
        raise UserError(unreadable(path, error)) from None


def unreadable(path: Path, error: Exception) -> str:
    """What is said of a file whose tensors cannot be read."""
    return f"{path} cannot be read as safetensors ({error}): restore it, or train again"


def first(run: Path) -> Path | None:
    """The checkpoint of step 0, the model before training."""
    folder = run / "checkpoints" / f"step-{0:08d}"
    return folder if folder.is_dir() else None


def restore(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Loads weights and optimizer state in place; returns what ``meta.json`` says.

    Raises:
        UserError: If the checkpoint is damaged or belongs to another model.
    """
    tensors = read_tensors(folder / "state.safetensors")
    load_weights(model, tensors, folder / "state.safetensors")
    parameters = dict(model.named_parameters())
    fused = any(group.get("fused") for group in optimizer.param_groups)
    optimizer.state.clear()
    for key, value in tensors.items():
        if key.startswith(_OPTIMIZER):
            name, _, slot = key.removeprefix(_OPTIMIZER).rpartition(".")
            parameter = parameters[name]
            on_device = slot != "step" or fused  # a fused optimizer counts where its weights are
            optimizer.state[parameter][slot] = value.to(parameter.device) if on_device else value
    return read_meta(folder)


def read_meta(folder: Path) -> dict[str, Any]:
    """What ``meta.json`` of a checkpoint says.

    Raises:
        UserError: If it is damaged.
    """
    meta = read_json(folder / "meta.json")
    if not isinstance(meta, dict) or not {"step", "train_seconds"} <= set(meta):
        raise UserError(f"{folder / 'meta.json'} is damaged (no step, no train_seconds); use another checkpoint")
    return meta


def load_weights(model: nn.Module, tensors: dict[str, Shaped[Tensor, "..."]], where: Path) -> None:
    """Loads the weights among ``tensors`` (``model.*`` of a checkpoint, or all) into ``model``.

    Raises:
        UserError: If a tensor is missing, unexpected, of another shape, or holds whole numbers for fractions.
    """
    weights = tensors
    if all(name.startswith((_MODEL, _OPTIMIZER)) for name in tensors):
        weights = {k.removeprefix(_MODEL): v for k, v in tensors.items() if k.startswith(_MODEL)}
    own = model.state_dict()
    # What is there and should not be comes first: a name that somebody made up says more than one that is missing.
    for name in sorted(set(weights) - set(own)):
        raise UserError(f"{where}: tensor {shown(name)} is not part of this model; restore the file")
    for name in sorted(set(own) - set(weights)):
        raise UserError(f"{where}: tensor {name} is missing; restore the file")
    for name, value in weights.items():
        if value.shape != own[name].shape:
            raise UserError(f"{where}: {name} has shape {tuple(value.shape)}, the model {tuple(own[name].shape)}")
        if value.is_floating_point() != own[name].is_floating_point():
            raise UserError(f"{where}: {name} holds {value.dtype}, the model {own[name].dtype}; restore the file")
    model.load_state_dict(weights)


def prune(run: Path, keep: int) -> None:
    """Deletes all checkpoints but step 0 and the last ``keep`` up to ``LAST``.

    Later ones are of before a resume from an earlier one; the run writes over them when it comes there.
    """
    start, newest = first(run), last(run)
    folders = sorted((run / "checkpoints").glob("step-*"))
    for folder in [folder for folder in folders if folder != start and newest and folder <= newest][:-keep]:
        shutil.rmtree(folder)


def write_tensors(path: Path, tensors: dict[str, Shaped[Tensor, "..."]]) -> None:
    """A safetensors file, on the disk when this returns.

    Raises:
        UserError: If it cannot be written.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.torch import save_file
    except ImportError:
        raise missing("safetensors", "train") from None
    with writing(path), atomic(path) as partial:
        partial.touch()
        mode = partial.stat().st_mode
        try:
            save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, partial)
        except SafetensorError as error:  # what the disk reports is in its text alone
            raise OSError(errno.EIO, str(error)) from None
        partial.chmod(mode)  # safetensors makes files that only their owner can read


def read_tensors(path: Path) -> dict[str, Shaped[Tensor, "..."]]:
    """The tensors of a safetensors file.

    Raises:
        UserError: If there is no such file or it is damaged.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError:
        raise missing("safetensors", "train") from None
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(unreadable(path, error)) from None
