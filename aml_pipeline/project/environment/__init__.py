"""What an environment declares, and what a Python has installed."""
