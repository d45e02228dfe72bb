"""What a pipeline is once it is understood: steps in order, typed tokens."""
