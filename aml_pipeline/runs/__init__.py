"""What a run is, whoever ran it."""
