"""The check of a source: every file decoded once, what is wrong with each, and what mends it, as JSON and as a page."""
