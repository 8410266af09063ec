"""Answers to the exercises, a module a chapter: ``REFERENCES`` are right, ``WRONG`` ones stand with their hints."""
