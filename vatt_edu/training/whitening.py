"""How the tokenizers start: as released, or whitened (chapter *Tokenization*).

Most of the variance of a raw patch is its mean color; in a randomly projected token, what moves is faint beside it. A
whitened tokenizer starts as the leading principal components of raw patches, each scaled to unit variance: colors,
edges, gratings and motion for video, wiggles near sinusoids for sound. Then it is trained as usual. A departure from
the paper: ``model.tokenizer_init``.
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from vatt_edu.batch import Batch
from vatt_edu.errors import UserError
from vatt_edu.model import VATT, RawTower
from vatt_edu.tokens import as_signal

PATCHES_PER_BATCH = 4_000
WHITENING_BATCHES = 10


@torch.no_grad()
def whiten_(model: VATT, batches: Iterable[Batch]) -> None:
    """Starts both tokenizers of ``model`` as whitening transforms of the patches in ``batches``, in place.

    Args:
        model: A new model.
        batches: Training batches; ten are enough for the toy.

    Raises:
        UserError: If a token is wider than a patch has values: then there are too few components.
    """
    samples: dict[str, list[Tensor]] = {"video": [], "audio": []}
    for batch in batches:
        samples["video"].append(_sample(model.video, batch.video[batch.has_video]))
        samples["audio"].append(_sample(model.audio, batch.audio[batch.has_audio]))
    for name, parts in samples.items():
        tokenizer = getattr(model, name).tokenizer
        patches = torch.cat(parts).double()
        if tokenizer.out_features > tokenizer.in_features:
            raise UserError(
                f"model.tokenizer_init = whitened: each {name} patch has {tokenizer.in_features} values, fewer than "
                f"the {tokenizer.out_features} of a token; use model.tokenizer_init official"
            )
        if len(patches) == 0:
            raise UserError(
                f"model.tokenizer_init = whitened: no valid {name} in the first batches; "
                "use model.tokenizer_init official"
            )
        weight, bias = whitening(patches, tokenizer.out_features)
        tokenizer.weight.copy_(weight)
        tokenizer.bias.copy_(bias)


def whitening(
    patches: Float[Tensor, "N P"], components: int
) -> tuple[Float[Tensor, "{components} P"], Float[Tensor, "{components}"]]:
    """Leading principal components of ``patches``, each divided by its deviation; the mean maps to 0.

    A thousandth of the mean eigenvalue is added to each, so that directions of nearly no variance are not blown up.
    """
    mean = patches.mean(0)
    centered = patches - mean
    values, vectors = torch.linalg.eigh(centered.T @ centered / len(patches))
    values, vectors = values.flip(0)[:components].clamp(min=0), vectors.flip(1)[:, :components]
    weight = (vectors / (values + 1e-3 * values.mean() + 1e-12).sqrt()).T
    return weight, -(weight @ mean)


def _sample(tower: RawTower, signal: Shaped[Tensor, "B ..."]) -> Float[Tensor, "N P"]:
    patches = as_signal(tower.patches(signal)).flatten(0, 1) * tower.tokenizer.gain
    sample = torch.randperm(len(patches), generator=torch.Generator().manual_seed(0))[:PATCHES_PER_BATCH]
    return patches[sample.to(patches.device)].cpu()
