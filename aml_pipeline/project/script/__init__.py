"""What a Python file needs of its surroundings, read from its syntax tree: variables, paths, named inputs. Pure.

Nothing is imported or run. Where the tree cannot tell, nothing is said.
"""
