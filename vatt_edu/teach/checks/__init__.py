"""Graders of the exercises, a file a chapter: each runs an answer, and says that it is right or names the mistake."""
