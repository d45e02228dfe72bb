"""Which files a step needs, and why."""
