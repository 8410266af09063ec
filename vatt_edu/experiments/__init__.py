"""Comparisons with several seeds: a question a file, beside what runs them (``run``) and lists them (``catalog``)."""
