"""Train on words."""
