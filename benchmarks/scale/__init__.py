"""How time and memory grow with what a pipeline has. Run as ``python -m benchmarks.scale``."""
