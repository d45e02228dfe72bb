"""What a pipeline file may say: the models, their names and values, what they refuse."""
