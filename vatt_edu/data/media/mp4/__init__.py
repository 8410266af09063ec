"""MP4: its boxes, its fragments, and what its description of H.264 says."""
