"""Makes a small world: narrated videos with sound, picture and words that belong together.

    from vatt_edu import minitube
    folder = minitube.ensure("tiny")                      # made if it is not there yet
    folder = minitube.make("small", "data/small", shortcut=True)

Read in this order: `world` (what there is), `physics.scene`, `physics.stage`, `physics.motions` and `physics.actions`
(what happens), `couples` (two things at once), `sound.synthesis` and `sound.recording` (what it sounds like),
`narrate` (what is said), `picture.backgrounds`, `picture.sprites`, `picture.camera`, `picture.tools` and
`picture.render` (what it looks like),
`encode` and `video` (all of it in one file), `names` and `corpus.index_files` (what lies where on disk),
`corpus.folder`, `corpus.workers` and `corpus.build` (made side by side, interrupted, completed), `corpus.layouts` and
`corpus.layout_media` (the same as public sets lay it out), `corpus.renarrate` (other words for the same videos).
`presets` says how much of everything there is, and how hard it is.
"""

from vatt_edu.data.sources.adapters.minitube import VERSION
from vatt_edu.minitube.corpus.build import ensure, make
from vatt_edu.minitube.corpus.folder import read_annotations, read_source
from vatt_edu.minitube.corpus.renarrate import renarrate
from vatt_edu.minitube.names import default_folder
from vatt_edu.minitube.presets import PRESETS, SPLITS, Knobs, Preset

__all__ = [
    "PRESETS", "SPLITS", "VERSION", "Knobs", "Preset", "default_folder", "ensure", "make", "read_annotations",
    "read_source", "renarrate",
]  # fmt: skip
