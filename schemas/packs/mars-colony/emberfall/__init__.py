"""How the seed rows of Emberfall are made: what is known by name, and seeded chance for the rest."""
