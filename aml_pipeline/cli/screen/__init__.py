"""What moves on a terminal, or is printed line by line."""
