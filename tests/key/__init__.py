"""What the key of a result sees, row by row: the table of docs/reference/local-runs.md as changes that can be made."""
