"""Terminal output: live lines that are redrawn, and plain printing."""
