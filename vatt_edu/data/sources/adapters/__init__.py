"""One small file per public dataset layout."""
