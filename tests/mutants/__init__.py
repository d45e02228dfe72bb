"""Mutants of the program: single changes of its code, and whether the tests of the same package catch them.

``tests/mutations`` is another thing: mistakes in pipeline.yaml, and whether ``validate`` reports them.
"""
