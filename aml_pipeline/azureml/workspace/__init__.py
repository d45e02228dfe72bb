"""Shared by both SDKs of Azure ML: configuration, login, errors in our words, waiting, watching a run."""
