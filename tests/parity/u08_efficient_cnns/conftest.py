"""Random numbers for the parity tests; `comparing` lies beside them."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[3]))  # for tests.parity…: it is no package


@pytest.fixture
def rng():
    return np.random.default_rng(8)
