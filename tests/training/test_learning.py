"""The preset ``toy`` learns: on ``tiny``, both losses leave what a model has that knows nothing, within 300 steps."""

import json
import math
from dataclasses import replace
from pathlib import Path

from vatt_edu import config, minitube
from vatt_edu.training.pretrain import pretrain

STEPS = 300


def test_both_losses_fall(tmp_path: Path) -> None:
    toy = config.toy()
    assert toy.loss.form == "asymmetric"  # the form in which a positive is counted twice
    toy = replace(toy, train=replace(toy.train, steps=STEPS))
    pretrain(toy, [str(minitube.ensure("tiny", quiet=True))], tmp_path / "run", quiet=True)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    final = log[-20:]  # a mean of 20 steps: one step scatters by about 0.15
    reached = {name: sum(line[name] for line in final) / len(final) for name in ("nce", "mil_nce")}
    print(reached)
    # Embeddings that are all equal have ln 80 = 4.38 in NCE, and 4.27 in MIL-NCE: 32 clips with four lines as rows, 40
    # as columns, four of them positive, without those that windows share. The mark of both is below either.
    ignorant = math.log(2 * toy.data.batch_size)
    assert all(value < ignorant - 0.3 for value in reached.values()), f"{reached}, of {ignorant:.2f}"
