"""Language world models: how they are asked, served and read."""
