"""From a configuration and a corpus to trained weights."""
