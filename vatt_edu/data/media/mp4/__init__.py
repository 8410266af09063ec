"""MP4: its fragments, and what its description of H.264 says."""
