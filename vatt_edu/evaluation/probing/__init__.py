"""Linear probes: how much can be read from frozen features by a weighted sum.

``targets``: the questions. ``linear_probe``: the fit, until it has converged. ``baseline_features``: what can be read
without learning. ``evaluate``: every probe of a run. ``shortcut_audit``: what a corpus gives away by its sound alone.
"""
