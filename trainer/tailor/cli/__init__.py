"""The commands of tailoring."""
