"""Iris: three species told apart by their petals and sepals (Fisher, 1936)."""

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

from course.data import Data

_REPEATED_ROW = 142  # The same four numbers and species as row 101.


def load_iris() -> Data:
    """Returns 149 flowers: 119 to train on and 30, ten of each species, to test.

    The features are the length and width of the sepal and the length and width
    of the petal, standardized: each has mean 0 and variance 1 over the training
    set. The test set is moved and scaled by the same numbers, because at that
    point its own mean and variance are not supposed to be known.

    Fisher's table has 150 rows, but one flower stands there twice; the second
    copy is left out, or it might be trained on and tested on at once.

    Output shape: features `(119, 4)` and `(30, 4)`, float32; 3 classes.

    Reference: scikit-learn's `load_iris`, which follows R. A. Fisher, "The use
    of multiple measurements in taxonomic problems", 1936.
    """
    table = datasets.load_iris()
    features = np.delete(table.data, _REPEATED_ROW, axis=0)  # (149, 4)
    labels = np.delete(table.target, _REPEATED_ROW).astype("int64")
    x_train, x_test, y_train, y_test = train_test_split(
        features, labels, test_size=30, stratify=labels, random_state=0
    )
    mean = x_train.mean(axis=0)  # (4,)
    deviation = x_train.std(axis=0)
    return Data(
        ((x_train - mean) / deviation).astype("float32"),
        y_train,
        ((x_test - mean) / deviation).astype("float32"),
        y_test,
        tuple(str(name) for name in table.target_names),
    )
