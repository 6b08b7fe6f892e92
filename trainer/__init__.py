"""The learning: traces become training data, training data becomes the next world model."""
