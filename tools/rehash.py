"""Gives rows of results/ the hashes that their configurations have under today's names (python tools/rehash.py).

When fields are renamed, the hash of a configuration moves, and nothing else does. This writes each arm's configuration
with the names of format 1 and takes its hash: where that is the recorded one, the row is of an equal configuration, and
gets the new hash. Any other row is named, and nothing is written.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vatt_edu.config import Config
from vatt_edu.config.serialize import RENAMED_IN_2, to_json
from vatt_edu.experiments import run
from vatt_edu.experiments.catalog import EXPERIMENTS, get_experiment
from vatt_edu.files import write_json

RESULTS = Path(__file__).parent.parent / "results"


def of_format_1(config: Config) -> dict[str, Any]:
    """A configuration with the names of format 1."""
    values = to_json(config)
    for (*path, old), new in RENAMED_IN_2.items():
        tree = values
        for name in path:
            tree = tree[name]
        tree[old] = tree.pop(new)
    assert values["optim"]["name"] != "adam", "format 1 had no Adam but Keras'"
    if values["optim"]["name"] == "keras_adam":
        values["optim"]["name"] = "adam"
    return values


def changed_fields(tree: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    """The nested fields that differ from their defaults."""
    nested = {
        name: changed_fields(value, default[name])
        if isinstance(value, dict) and isinstance(default[name], dict)
        else value
        for name, value in tree.items()
        if value != default[name]
    }
    return nested


def old_hash(experiment: run.Experiment, arm: run.Arm) -> str:
    """The hash of an arm as format 1 took it."""
    from vatt_edu.data.sources.adapters.minitube import VERSION

    fields = changed_fields(of_format_1(arm.config), of_format_1(Config()))
    key = run.digest([VERSION, fields, vars(arm.corpus)])
    return run.digest([arm.label, key, arm.test_corpus and vars(arm.test_corpus), list(experiment.splits)])


def experiments() -> Iterator[tuple[Path, run.Experiment]]:
    for name in EXPERIMENTS:
        experiment = get_experiment(name)
        yield RESULTS / experiment.folder / f"{name}.json", experiment
        yield RESULTS / "twins" / f"{name}.json", experiment.twin()


def main() -> int:
    for path, experiment in experiments():
        if not path.exists():
            continue
        results = json.loads(path.read_text())
        new = {old_hash(experiment, arm): experiment.row_hash(arm) for arm in experiment.arms}
        strange = [row["label"] for row in results["rows"] if row["config_hash"] not in {*new, *new.values()}]
        if strange:
            print(f"{path.name}: {', '.join(strange)}: another configuration, not only other names")
            return 1
        for row in results["rows"]:
            row["config_hash"] = new.get(row["config_hash"], row["config_hash"])
        results["config_hash"] = experiment.config_hash
        write_json(path, results)
        print(f"{path.name}: {len(results['rows'])} rows, {len(new)} configurations equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
