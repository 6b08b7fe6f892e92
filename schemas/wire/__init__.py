"""The published JSON Schemas of the file formats, generated from `types.py`."""
