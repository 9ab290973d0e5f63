"""Swiss roll: two spirals wound into each other."""

import numpy as np
from numpy.typing import NDArray

from course.data import Data

_TURNS = 1.5
_INNER_RADIUS = 0.15  # The spirals stop short of the centre, where they would meet.


def load_swiss_roll(samples: int = 400, noise: float = 0.03, seed: int = 0) -> Data:
    """Returns points on two spirals, one class each, wound one and a half times.

    A point at distance r from the centre, 0.15 ≤ r ≤ 1, on spiral k ∈ {0, 1} has
    the angle

        θ = 2π · 1.5 · r + π · k

    and lies at (r cos θ, r sin θ), plus noise. Along any ray from the centre the
    classes take turns, a third apart.

    The test set is a second draw of as many points.

    Args:
        samples: Points in each of the two sets, dealt to the spirals in turn.
        noise: Standard deviation of a point's distance from its spiral, each way.
        seed: Another seed draws other points.

    Output shape: features `(samples, 2)`, float32; 2 classes.

    Raises:
        ValueError: If there are fewer than 2 samples or the noise is negative.

    Reference: Lang & Witbrock, "Learning to tell two spirals apart", 1988.
    """
    if samples < 2:
        raise ValueError(f"There are two spirals: samples={samples} is too few.")
    if not noise >= 0:
        raise ValueError(f"Noise is a standard deviation, never {noise}.")
    rng = np.random.default_rng(seed)
    labels = np.arange(samples, dtype="int64") % 2

    def spirals() -> NDArray[np.float32]:
        radius = rng.uniform(_INNER_RADIUS, 1, samples)
        angle = 2 * np.pi * _TURNS * radius + np.pi * labels
        points = radius * np.stack([np.cos(angle), np.sin(angle)])  # (2, samples)
        return (points.T + noise * rng.normal(size=(samples, 2))).astype("float32")

    return Data(spirals(), labels, spirals(), labels.copy(), ("first", "second"))
