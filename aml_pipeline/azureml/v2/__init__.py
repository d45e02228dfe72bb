"""Azure ML v2, over azure-ai-ml: the only importer of ``azure``, imported when a function is called.

What is sent is what ``export`` writes, file for file.
"""
