"""Pipeline jobs in v2 YAML → a project."""
