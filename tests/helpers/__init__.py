"""What tests make: media files, small models, runs, pages, and the oracles they compare with."""
