"""The models that can be trained, by name."""

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from ..settings import SEED

MODELS = {
    "forest": lambda trees: RandomForestClassifier(trees, random_state=SEED),
    "linear": lambda _: LogisticRegression(),
}
