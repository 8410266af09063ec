"""The data card: what is in a source, measured and shown as a page."""
