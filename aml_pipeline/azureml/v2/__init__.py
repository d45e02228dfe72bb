"""The Azure ML backend with SDK v2 (azure-ai-ml): the only importer of ``azure``, imported when a function is called.

It submits exactly the files that ``export`` writes.
"""
