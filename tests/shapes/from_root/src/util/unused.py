"""No step imports this module."""
