"""Sources of answers, one shape for all: a call and a view in, a Draft out."""
