"""A folder on disk, in any layout, to a ``Source``: a list of videos with their narration. Nothing is decoded."""

from vatt_edu.data.sources.open import ADAPTERS, caption_texts, open_source, open_sources
from vatt_edu.data.sources.source import Source, Video, media_files

__all__ = ["ADAPTERS", "Source", "Video", "caption_texts", "media_files", "open_source", "open_sources"]
