"""A small Azure ML service on 127.0.0.1, which the real azure-ai-ml talks to; README.md beside this file says how."""
