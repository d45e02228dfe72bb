"""How good scores are."""


def accuracy(scores: list[tuple[float, int]]) -> float:
    """Return which share of the scores is on the right side of one half."""
    return sum((score > 0.5) == bool(label) for score, label in scores) / len(scores)
