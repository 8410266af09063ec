"""Fine-tuning a tower as released: the classifier and its losses, clips, schedule, optimizer, and metrics."""
