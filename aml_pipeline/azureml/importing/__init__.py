"""What lives in Azure ML, or in v2 YAML → a project: pipeline.yaml, code, environments, a README, and the proof.

Uses no SDK: `v1/imported/` and `v2/imported/` read, and describe what they read as a `Draft`.
"""
