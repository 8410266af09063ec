"""What a run tells while it trains, a line for each step.

1. ``measures``: the line: losses, speed, utilization, waiting, memory
2. ``logger``: what a logger is, and all of a run's as one; another one is a file here and a name in ``LOGGERS``
3. ``jsonl``: the files that every run has
4. ``tensorboard``: event files
"""
