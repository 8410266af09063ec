"""Makes a small world: narrated videos with sound, picture and words that belong together.

    from vatt_edu import minitube
    folder = minitube.ensure("tiny")                      # made if it is not there yet
    folder = minitube.make("small", "data/small", shortcut=True)

Read in this order: `world` (what there is), `stage` and `actions` (what happens), `sound`, `narrate`, `backgrounds`,
`sprites`, `render` (what it looks like), `video` (all of it in one file), `write` (the folder on disk), `folder`,
`build`, `layouts` (the same as public sets lay it out), `renarrate` (other words for the same videos).
"""

from vatt_edu.minitube.corpus.build import default_folder, ensure, make
from vatt_edu.minitube.corpus.folder import read_annotations, read_source
from vatt_edu.minitube.corpus.renarrate import renarrate
from vatt_edu.minitube.presets import PRESETS, SPLITS, VERSION, Knobs, Preset

__all__ = [
    "PRESETS",
    "SPLITS",
    "VERSION",
    "Knobs",
    "Preset",
    "default_folder",
    "ensure",
    "make",
    "read_annotations",
    "read_source",
    "renarrate",
]
