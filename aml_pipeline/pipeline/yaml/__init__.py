"""YAML text → data with positions, within limits; and data → text."""
