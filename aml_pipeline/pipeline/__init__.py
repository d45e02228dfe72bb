"""Text → plan, without reading the disk."""
