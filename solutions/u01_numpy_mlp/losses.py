"""Three losses with a forward and a backward pass, in NumPy.

Each class has two methods:

- `forward(y_true, y_pred)` returns the loss as one number, the mean over the batch,
  and keeps what `backward` will need. The targets come first, as in Keras.
- `backward()` returns ∂L/∂y_pred for the latest `forward`: an array of y_pred's shape
  and dtype, that is with the 1/B of the mean in it.

Both arrays are (B, K), floating point: B examples, K outputs each. Shapes that differ
are refused: NumPy would broadcast (B,) against (B, 1) to (B, B) without a word.
"""

import numpy as np


def check_shapes(y_true, y_pred):
    """Raises ValueError unless both arrays have one shape."""
    if np.shape(y_true) != np.shape(y_pred):
        raise ValueError(
            f"y_true {np.shape(y_true)} and y_pred {np.shape(y_pred)} must have one "
            "shape; a column (B, 1) is made with y[:, None]."
        )


class L2:
    """The mean of the squared errors.

        L = 1 / (B·K) · Σ_b Σ_k (y_pred − y_true)²

    Raises:
        ValueError: From `forward`, if the shapes differ.

    Keras calls it `MeanSquaredError`.
    """

    def forward(self, y_true, y_pred):
        check_shapes(y_true, y_pred)
        ### BEGIN SOLUTION keep the errors, and return the mean of their squares
        self.error = y_pred - y_true
        return float(np.mean(self.error**2))
        ### END SOLUTION

    def backward(self):
        ### BEGIN SOLUTION ∂L/∂y_pred from the errors
        return 2 * self.error / self.error.size
        ### END SOLUTION


class BinaryCrossEntropy:
    """The mean surprise at K yes-or-no answers an example.

        p = y_pred, clipped into [epsilon, 1 − epsilon]
        L = −1 / (B·K) · Σ_b Σ_k (y_true · log p + (1 − y_true) · log(1 − p))

    The gradient is taken at p, with the clipped values in place of 0 and 1: large, but
    finite.

    Args:
        epsilon: How far from 0 and 1 the probabilities are kept.

    Input: y_true in [0, 1]; y_pred probabilities, as a sigmoid gives them.

    Raises:
        ValueError: From `forward`, if the shapes differ.
    """

    def __init__(self, epsilon=1e-7):
        self.epsilon = epsilon

    def forward(self, y_true, y_pred):
        check_shapes(y_true, y_pred)
        ### BEGIN SOLUTION clip, keep, and return the mean cross-entropy
        p = np.clip(y_pred, self.epsilon, 1 - self.epsilon)
        self.y_true, self.p = y_true, p
        return float(-np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p)))
        ### END SOLUTION

    def backward(self):
        ### BEGIN SOLUTION ∂L/∂y_pred, taken at p
        y_true, p = self.y_true, self.p
        return (p - y_true) / (p * (1 - p)) / p.size
        ### END SOLUTION


class CategoricalCrossEntropy:
    """The mean surprise at one answer out of K.

        p = y_pred, clipped into [epsilon, 1 − epsilon]
        L = −1 / B · Σ_b Σ_k y_true · log p

    A sum over the classes, a mean over the examples. The gradient is taken at p, as in
    `BinaryCrossEntropy`.

    Args:
        epsilon: How far from 0 and 1 the probabilities are kept.

    Input: y_true with one row an example that sums to 1, one-hot as a rule; y_pred
    probabilities, as a softmax gives them.

    Raises:
        ValueError: From `forward`, if the shapes differ.
    """

    def __init__(self, epsilon=1e-7):
        self.epsilon = epsilon

    def forward(self, y_true, y_pred):
        check_shapes(y_true, y_pred)
        ### BEGIN SOLUTION clip, keep, and return the mean cross-entropy
        p = np.clip(y_pred, self.epsilon, 1 - self.epsilon)
        self.y_true, self.p = y_true, p
        return float(-np.sum(y_true * np.log(p)) / len(p))
        ### END SOLUTION

    def backward(self):
        ### BEGIN SOLUTION ∂L/∂y_pred, taken at p
        return -self.y_true / self.p / len(self.p)
        ### END SOLUTION
