"""The nouns: what a world, a pack, a call and a trace are. Imports nothing else of this project."""
