import tomllib
from typing import TYPE_CHECKING

import cv2
import lightgbm as lgb
import numpy as np
import sklearn.ensemble
import xgboost, yaml
import common

if TYPE_CHECKING:
    import polars
try:
    import catboost
except ImportError:
    catboost = None
