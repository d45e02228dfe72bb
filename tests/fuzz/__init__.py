"""Inputs that nobody would write, made by a coverage-guided fuzzer; what they found stays as inputs of a test."""
