"""The chance calculator: what a contrastive loss is when everything looks alike, and how low it can fall."""

from typing import Any

import traitlets

from vatt_edu.teach.chance import BASE_TEMPERATURE, FORMS, PLATEAUS, Form, Setting
from vatt_edu.teach.interactive.base import Live

NAMES: dict[Form, str] = {
    "asymmetric": "as released",
    "paper": "as printed",
    "symmetric": "sum of both ways",
    "clip": "CLIP: mean of both ways",
    "simclr": "SimCLR: two views, both ways added",
    "supcon": "SupCon: two views, times τ/0.07",
}
TOY = ("this book's toy, sound", Setting("asymmetric", 40), 0.0)
"""Name, setting, and the loss that was seen, 0 for none."""


class Calculator(Live):
    """A line of losses: the floor, chance, and a loss that somebody saw.

    Inputs: ``form``, its number; ``clips``, ``valid`` (of them with a partner), ``lines``, ``hidden``, ``temperature``,
    ``seen`` (0: none). Outputs: ``chance`` and ``floor``.
    """

    script = "calculator.js"
    forms: Any = traitlets.List([NAMES[form] for form in FORMS]).tag(sync=True)
    presets: Any = traitlets.List().tag(sync=True)
    base_temperature = traitlets.Float(BASE_TEMPERATURE).tag(sync=True)
    form = traitlets.Int(0).tag(sync=True)
    clips = traitlets.Int(40).tag(sync=True)
    valid = traitlets.Int(40).tag(sync=True)
    lines = traitlets.Int(1).tag(sync=True)
    hidden = traitlets.Int(0).tag(sync=True)
    temperature = traitlets.Float(0.2).tag(sync=True)
    seen = traitlets.Float(0.0).tag(sync=True)
    chance = traitlets.Float().tag(sync=True)
    floor = traitlets.Float().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        threads = [(plateau.name, plateau.setting, float(plateau.seen)) for plateau in PLATEAUS]
        super().__init__(presets=[_preset(*one) for one in (TOY, *threads)], **traits)
        self.observe(self._count, ["form", "clips", "valid", "lines", "hidden", "temperature"])
        self._count()

    @property
    def setting(self) -> Setting:
        """What the sliders say; no more partners than clips, and hidden lines only of other clips."""
        valid = min(self.valid, self.clips)
        hidden = min(self.hidden, (valid - 1) * self.lines)
        return Setting(FORMS[self.form], self.clips, valid, self.lines, hidden, self.temperature)

    def _count(self, _: Any = None) -> None:
        self.chance, self.floor = self.setting.chance, self.setting.floor


def _preset(name: str, setting: Setting, seen: float) -> dict[str, Any]:
    return {
        "name": name, "form": FORMS.index(setting.form), "clips": setting.clips, "valid": setting.pairs,
        "lines": setting.lines, "hidden": setting.hidden, "temperature": setting.temperature, "seen": seen,
    }  # fmt: skip
