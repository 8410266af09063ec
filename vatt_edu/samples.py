"""What comes along: two trained toy models, beside the sample data of a checkout."""

from pathlib import Path

from vatt_edu.errors import UserError

SAMPLES = Path(__file__).resolve().parent.parent / "data_samples"


def shipped(name: str = "toy") -> Path:
    """The folder of a shipped model: configuration, vocabulary, weights, and a card that says how it was made.

    Args:
        name: ``"toy"``, the best of the ``toy_long`` runs on the validation split, or ``"toy_agnostic"``, the same with
            one encoder for all modalities.

    Raises:
        UserError: If there is no such model, or the package was installed without its checkout.
    """
    folder = SAMPLES / f"{name}_vatt"
    if not (folder / "model.safetensors").exists():
        raise UserError(f"no shipped model {name!r} in {SAMPLES}: it comes with the repository, not with the package")
    return folder
