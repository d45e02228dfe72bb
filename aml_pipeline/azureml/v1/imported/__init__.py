"""Published pipelines, endpoints and runs of SDK v1 → a project."""
