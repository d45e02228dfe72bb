"""The proof that the steps of a pipeline receive the same here and in the graph that is sent to Azure ML.

``record`` stands in for every script and writes down what its process saw; ``sides`` runs a pipeline here, submits it
to the loopback service and brings both to one form; ``settings`` compares what is given besides arguments;
``pipelines/`` were written by hand, each with what its steps receive; ``strategies`` makes any number more.
"""
