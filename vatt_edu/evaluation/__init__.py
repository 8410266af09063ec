"""What a trained model is good for: embed files and words, retrieve, probe, and put the numbers on a page.

``embed``: a run folder -> an ``Embedder``. ``features``: windows -> every feature of a frozen model. ``metrics`` and
``retrieval``: who finds whom. ``probing``: what can be read from features. ``ground_truth``: what is true in a corpus
that was made. ``results_file``: ``retrieval.json`` and ``probe.json``. ``report``: the page. ``terminal``: the same as
text. ``everything``: all of it.
"""
