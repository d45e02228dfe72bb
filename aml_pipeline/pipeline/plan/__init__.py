"""A pipeline with everything resolved: steps in order, typed tokens."""
