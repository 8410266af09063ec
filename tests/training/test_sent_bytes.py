"""``cost.traffic`` against what processes send to each other, there and back."""

from dataclasses import replace

import pytest
from helpers import sent
from helpers.pool import POOL
from helpers.shares import CLIPS, Case

from vatt_edu import cost


@pytest.mark.parametrize("heads", ["paper", "released"])
@pytest.mark.parametrize("world", [2, 4])
def test_what_a_process_sends_is_what_is_counted(world: int, heads: str) -> None:
    case = Case(heads=heads, learned_temperature=False)
    config = replace(case.config, data=replace(case.config.data, candidates=3))
    traffic = cost.traffic(config, CLIPS // world, world)
    for counted in POOL.run(world, sent.sent_bytes, case):
        assert counted["embeddings"] == traffic["embeddings"] > 0
        assert counted["norms"] == traffic["norms"] > 0
        assert counted["gradients"] == pytest.approx(traffic["gradients"], abs=1)  # rounded down to whole bytes
        assert counted["losses"] < 100  # three numbers, which are left out
