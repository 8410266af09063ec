"""Live figures in the rendered pages: where each is, what it says, and what Python stored with it."""

import json
import re
from pathlib import Path
from typing import Any

PAGE_OF = {
    "ModelPicture": "vatt_in_one_page",
    "Match": "vatt_in_one_page",
    "Matrix": "vatt_in_one_page",
    "Guess": "vatt_in_one_page",
    "Retrieve": "vatt_in_one_page",
    "Pixels": "raw_signals",
    "Aliasing": "raw_signals",
    "Scrub": "raw_signals",
    "Clapper": "raw_signals",
    "Shift": "raw_signals",
    "Tubelets": "tokenization",
    "Walk": "transformer_encoder",
    "Places": "positional_encoding",
    "Port": "official_weights",
    "Units": "specific_or_agnostic",
    "Passage": "common_space",
    "AttentionShare": "droptoken",
    "Ties": "evaluation",
    "Winner": "ablations",
    "Calculator": "contrastive_losses",
    "Learning": "pretraining",
    "Arrows": "scaling_up",
    "Bill": "cost",
}


def says(figure: Any) -> str:
    return figure.locator(".vatt-live-says").inner_text()


def model(site: Path, name: str) -> dict[str, Any]:
    """The first figure of that class as the page stores it: what Python computed when the page was made."""
    html = (site / f"{PAGE_OF[name]}.html").read_text(encoding="utf-8")
    stored = re.search(r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', html, re.DOTALL)
    assert stored
    models = json.loads(stored[1])["state"]  # in any order; the page shows them in its own
    in_order = (models[key] for key in re.findall(r'"model_id": "(\w+)"', html) if key in models)
    return next(one for one in in_order if one["state"].get("figure") == name)


def state(site: Path, name: str) -> dict[str, Any]:
    """Its traits."""
    return model(site, name)["state"]
