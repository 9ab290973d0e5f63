"""Random numbers and counts for the parity tests; `comparing` lies beside them."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[3]))  # for tests.parity…: it is no package


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture
def asked_for(monkeypatch):
    """How large the trainable weights are that layers ask for when they are built.

    None is made: TensorFlow takes three milliseconds for each, and there are thousands.
    """
    sizes = []

    def add_weight(self, shape=None, *others, trainable=True, **settings):
        if trainable:
            sizes.append(int(np.prod(shape)))

    monkeypatch.setattr(keras.Layer, "add_weight", add_weight)
    return sizes
