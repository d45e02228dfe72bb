"""A plan on this disk, checked: its files, its environments, and what its scripts need."""
