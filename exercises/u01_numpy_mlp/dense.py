"""A fully connected layer in NumPy, with its gradients by hand."""

import numpy as np


class Dense:
    """Gives each of its units a weighted sum of all inputs.

    With x of shape (B, I), a kernel W (I, U) and a bias b (U,):

        y = x W + b                  (B, U)

    and backwards, from ∂L/∂y (B, U):

        ∂L/∂x = ∂L/∂y Wᵀ             (B, I)
        ∂L/∂W = xᵀ ∂L/∂y             (I, U)
        ∂L/∂b = Σ_b ∂L/∂y            (U,)

    The sums run over the batch; the mean is the loss's business.

    The kernel starts with random numbers of mean 0, so spread that signals keep their
    size from layer to layer; the bias starts at 0:

        xavier: variance 2 / (I + U), uniform in ±√(6 / (I + U)); for tanh and sigmoid
        he:     variance 2 / I, normal; for ReLU, which silences half of its inputs

    Args:
        inputs: I, how many numbers an example has.
        units: U, how many it will have.
        init: `xavier` or `he`.
        seed: An integer makes the same kernel every time; None makes another one.
        dtype: Of kernel and bias.

    Attributes:
        kernel: W.
        bias: b.
        kernel_gradient: ∂L/∂W of the latest `backward`; it replaces the one before.
        bias_gradient: ∂L/∂b, likewise.

    Raises:
        ValueError: If `init` is neither.

    References: Glorot & Bengio, 2010, eq. 16; https://arxiv.org/abs/1502.01852, eq. 10.
    """

    def __init__(self, inputs, units, init="xavier", seed=None, dtype="float64"):
        if init not in ("xavier", "he"):
            raise ValueError(f"init must be 'xavier' or 'he'; got {init!r}.")
        rng = np.random.default_rng(seed)
        raise NotImplementedError(
            "The kernel, drawn from rng, and the bias, both of dtype."
        )

    def forward(self, x):
        """(B, I) → (B, U); keeps x for `backward`."""
        raise NotImplementedError("Keep x, and return y.")

    def backward(self, dy):
        """∂L/∂y (B, U) → ∂L/∂x (B, I); stores the gradients of kernel and bias."""
        raise NotImplementedError("The three gradients: store two, return one.")

    def parameters(self):
        """What is trained: the arrays themselves, so that they can change in place."""
        return [self.kernel, self.bias]

    def gradients(self):
        """The gradients of `parameters()`, in their order."""
        return [self.kernel_gradient, self.bias_gradient]
