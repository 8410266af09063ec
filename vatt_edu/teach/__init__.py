"""What the book needs and a training run does not."""
