"""One small module a layout: ``read(folder)`` gives the videos that are there, and the names of those that are not."""
