"""Makes a small world: narrated videos with sound, picture and words that belong together."""
