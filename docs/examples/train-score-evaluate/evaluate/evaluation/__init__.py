"""Evaluates scores."""
