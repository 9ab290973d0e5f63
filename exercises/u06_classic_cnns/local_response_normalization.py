"""Local response normalization (Krizhevsky, Sutskever & Hinton, 2012)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class LocalResponseNormalization(keras.Layer):
    """Divides each value by what it and its neighbours along the channels amount to.

    At each place of the image by itself, with a[i] the value of channel i:

        b[i] = a[i] / (k + alpha · Σ_j a[j]²) ^ beta

    The sum runs over `size` adjacent channels (the paper's n): channel i itself,
    ⌊n / 2⌋ in front of it and ⌊(n − 1) / 2⌋ behind it, as far as they exist. Of an odd
    n that is the same number on both sides; of an even one, one more is in front.

    A large value makes its neighbours small: they compete, as neurons do that inhibit
    the ones beside them. There are no weights and nothing is remembered, so training
    and inference are the same.

    alpha is multiplied by the sum, as the paper has it. Caffe and PyTorch multiply it
    by the mean of n squares: `torch.nn.LocalResponseNorm(n, n * alpha, beta, k)` gives
    what this layer gives for `(n, alpha, beta, k)`.

    In mixed precision everything is computed in float32, the dtype that weights would
    have (`variable_dtype`), and the result cast at the end: 256² is more than the
    largest number of float16.

    Args:
        size: n, how many channels the sum runs over.
        alpha: What the sum of squares is multiplied by.
        beta: The exponent.
        k: What is added to the sum; it keeps the division finite.
        **kwargs: What every Keras layer takes.

    Input shape: `(B, …, C)`, floating point, images `(B, H, W, C)` for instance; all
        but C may be unknown.
    Output shape: the same.

    Raises:
        ValueError: If `size` is no positive integer, `k` is not positive or `alpha` is
            negative; and when built on an input whose number of channels is unknown.

    Reference: https://papers.nips.cc/paper/4824, section 3.3.
    """

    def __init__(self, size=5, alpha=1e-4, beta=0.75, k=2.0, **kwargs):
        super().__init__(**kwargs)
        if type(size) is not int or size < 1:
            raise ValueError(f"size must be a positive integer; got {size!r}.")
        if k <= 0 or alpha < 0:
            raise ValueError(
                "k must be positive and alpha not negative, or the division may fail; "
                f"got k={k!r}, alpha={alpha!r}."
            )
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )

    def call(self, inputs):
        raise NotImplementedError(
            "The sum of squares around each channel, then the formula."
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            "alpha": self.alpha,
            "beta": self.beta,
            "k": self.k,
        }
