import lightgbm
import numpy
import sklearn
