"""Many processes, one gradient: what each computes of its share of the batch is, together, what one would of all of it.

1. ``processes``: who takes part, from torchrun's environment; alone, everything below changes nothing
2. ``gather``: embeddings, masks and lines of all clips, so that every process compares its clips with everyone's
3. ``gradient``: forward, losses and backward of a step, also in micro-batches (GradCache)
4. ``watch``: a process that hangs ends the job, with its name
5. ``recipes``: how else it is done, and what is wrong with that
"""
