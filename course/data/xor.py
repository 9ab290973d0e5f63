"""XOR: the smallest problem that no straight line solves."""

import numpy as np
from numpy.typing import NDArray

from course.data import Data

_CORNERS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])  # (4, 2)


def load_xor(samples: int = 4, noise: float = 0.0, seed: int = 0) -> Data:
    """Returns points at the corners of a square; opposite corners share a class.

    As called without options: the truth table, (0, 0) → 0, (0, 1) → 1, (1, 0) → 1,
    (1, 1) → 0. With noise, each corner becomes a cloud around it.

    The test set is a second draw of as many points. Without noise there are only
    these four, and the test set is the training set again.

    Args:
        samples: Points in each of the two sets, dealt to the corners in turn.
        noise: Standard deviation of the clouds; the square has side 1.
        seed: Another seed draws other points.

    Output shape: features `(samples, 2)`, float32; 2 classes.

    Raises:
        ValueError: If there are fewer than 4 samples or the noise is negative.

    Reference: Minsky & Papert, "Perceptrons", 1969.
    """
    if samples < 4:
        raise ValueError(f"XOR has four corners: samples={samples} is too few.")
    if not noise >= 0:
        raise ValueError(f"Noise is a standard deviation, never {noise}.")
    rng = np.random.default_rng(seed)
    corners = np.resize(_CORNERS, (samples, 2))
    labels = (corners[:, 0] != corners[:, 1]).astype("int64")

    def cloud() -> NDArray[np.float32]:
        return (corners + noise * rng.normal(size=corners.shape)).astype("float32")

    return Data(cloud(), labels, cloud(), labels.copy(), ("equal", "different"))
