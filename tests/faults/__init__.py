"""Faults on purpose: runs that are killed, stopped, starved and lied to, and what the next plain run makes of it."""
