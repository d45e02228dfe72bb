"""A run and its records, whoever ran it."""
