"""Text → plan, without a look at the disk."""
