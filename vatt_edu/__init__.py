"""VATT in PyTorch."""
