"""A video and a time to one clip: read from its file or from the decoded cache, then changed at random."""
