"""What it looks like: where it happens (`backgrounds`), the things in it (`sprites`), and each frame (`render`)."""
