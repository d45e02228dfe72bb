"""The files that a step needs, and why."""
