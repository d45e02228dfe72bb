"""A plan on this disk, checked: its files, its environments, what its scripts expect."""
