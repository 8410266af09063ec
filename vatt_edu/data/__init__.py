"""Reads any world: media files and their words become ``Batch``es."""
