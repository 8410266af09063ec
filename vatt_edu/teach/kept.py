"""How many bytes autograd keeps for the way back (chapter *Scaling up*)."""

import weakref
from types import TracebackType

from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks


class _Saved:
    """A tensor that waits for the way back; when nobody waits any more, it is gone."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class Kept:
    """Counts, while it is entered, what is kept at once, each piece of memory once; weights are no part of it.

    Args:
        model: Whose weights are not counted.

    Attributes:
        now: Bytes.
        most: The most that it has been.
    """

    def __init__(self, model: nn.Module | None = None) -> None:
        self.now = self.most = 0
        self._uses: dict[int, int] = {}
        self._weights = {p.untyped_storage().data_ptr() for p in model.parameters()} if model is not None else set()
        self._hooks = saved_tensors_hooks(self._pack, lambda saved: saved.tensor)

    def __enter__(self) -> "Kept":
        self._hooks.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._hooks.__exit__(kind, error, at)

    def _pack(self, tensor: Tensor) -> _Saved:
        saved, memory = _Saved(tensor), tensor.untyped_storage()
        place, size = memory.data_ptr(), memory.nbytes()
        if place not in self._weights:
            self._uses[place] = self._uses.get(place, 0) + 1
            if self._uses[place] == 1:
                self.now += size
                self.most = max(self.most, self.now)
            weakref.finalize(saved, self._release, place, size)
        return saved

    def _release(self, place: int, size: int) -> None:
        self._uses[place] -= 1
        if not self._uses[place]:
            del self._uses[place]
            self.now -= size
