"""What it looks like.

Where it happens (`backgrounds`), things (`sprites`) and `tools`, seen by a `camera`, frame by frame (`render`).
"""
