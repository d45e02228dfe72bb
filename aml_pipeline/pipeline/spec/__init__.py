"""The pipeline file: its models, names and values, and their errors."""
