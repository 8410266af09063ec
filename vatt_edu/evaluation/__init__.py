"""What the embeddings are good for."""
