"""Single mistakes in the shipped pipeline.yaml, and whether ``validate`` tells of them on the right line."""
