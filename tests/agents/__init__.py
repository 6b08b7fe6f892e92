"""Two scripted agents, written against a seam of two functions: what they call, and how they wait."""
