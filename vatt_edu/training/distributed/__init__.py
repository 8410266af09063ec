"""Many processes, one gradient: what each computes of its share of the batch is, together, what one would of all of it.

1. ``processes``: who takes part, from torchrun's environment; alone, everything below changes nothing
2. ``gather``: embeddings, masks and lines of all clips, so that every process compares its clips with everyone's
3. ``gradient``: a batch in micro-batches (GradCache); one that fits is in ``training.pretrain.backward``
4. ``watch``: a process that hangs ends the job, with its name
5. ``recipes``: how else it is done, and what is wrong with that
"""
