"""The Azure ML backend with SDK v1: the only importer of ``azureml``, imported when a function is called."""
