"""What a Python file needs from its surroundings, read from its syntax tree: variables, paths, named inputs. Pure.

Nothing is imported or run. What is uncertain from the tree is not reported.
"""
