"""Pipelines written with SDK v1 alone, as people wrote them in notebooks and build scripts, for the tests of import.

Each is a function ``(workspace, folder) -> Pipeline``: it writes its scripts into ``folder``. ``table`` lists them all,
each with what an import of it must say. Their shapes are those of Microsoft's notebooks and of MLOpsPython; no line is
taken from there.
"""
