"""What both SDKs of Azure ML need alike: where and how to log in, errors in our words, waiting, watching a run."""
