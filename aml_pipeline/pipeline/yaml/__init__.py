"""YAML text → data with positions, within limits."""
