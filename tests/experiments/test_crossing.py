"""Shared or separate, crossing or not: four arms that differ in exactly that, and what is measured of them."""

from vatt_edu.config.serialize import differences, to_json
from vatt_edu.experiments.catalog import get_experiment
from vatt_edu.experiments.crossing import CROSSING, SEPARATE, SHARED, WITHIN, arm_label, recipe
from vatt_edu.model import VATT


def changes(one: tuple[str, str], other: tuple[str, str]) -> set[str]:
    return set(differences(to_json(recipe(*one)), to_json(recipe(*other))))


def test_two_by_two_and_one_field_for_each() -> None:
    for encoder in (SHARED, SEPARATE):
        assert changes((encoder, WITHIN), (encoder, CROSSING)) == {"loss.weight_va"}
    for loss in (WITHIN, CROSSING):
        assert changes((SHARED, loss), (SEPARATE, loss)) == {"model.backbone"}
    experiment = get_experiment("crossing")
    names = {arm_label(encoder, loss) for encoder in (SHARED, SEPARATE) for loss in (WITHIN, CROSSING)}
    assert {arm.label for arm in experiment.arms} == names
    assert experiment.seeds == 5


def test_the_loss_within_is_in_all_and_words_are_in_none() -> None:
    for arm in get_experiment("crossing").arms:
        assert arm.config.loss.weight_within == 1
        assert arm.config.loss.weight_vt == 0
        assert arm.config.loss.weight_va == float(CROSSING in arm.label)


def test_sharing_saves_two_encoders() -> None:
    """Equal steps are not equal size: the page says so with these counts."""
    counts = {}
    for encoder in (SHARED, SEPARATE):
        model = VATT(recipe(encoder, WITHIN).model)
        counts[encoder] = sum(p.numel() for p in model.parameters())
        part = model.video.encoder
    assert counts[SEPARATE] - counts[SHARED] == 2 * sum(p.numel() for p in part.parameters())
