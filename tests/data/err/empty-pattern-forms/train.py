"""A step about which nothing is to be said."""
