"""Perturbations, carried out: what acts follows from the world, the seed and the calls so far, nothing else."""
