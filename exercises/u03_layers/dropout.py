"""Dropout (Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, 2014)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class Dropout(keras.Layer):
    """Sets randomly chosen inputs to zero while training, and lets all pass afterwards.

    In training each element of x is kept with probability 1 − rate, on its own and anew
    in every call:

        mask[…] = 1 with probability 1 − rate, else 0
        y[…] = mask[…] · x[…] / (1 − rate)

    Dividing by 1 − rate, the inverted form, keeps the mean of y at x. The paper
    multiplies the weights by 1 − rate after training instead; here inference has
    nothing to do: y = x. A rate of 0 keeps everything, a rate of 1 nothing: zeros, as
    values and as gradients, never 0 / 0.

    Args:
        rate: The probability of being dropped, from 0 to 1.
        noise_shape: The shape of the mask, or None for the shape of the input. An entry
            1 shares the mask along that axis, an entry None takes the input's size:
            `(None, 1, None)` drops a feature at all time steps or at none.
        seed: An integer makes the sequence of masks the same for every layer that has
            it; None starts each layer somewhere else. The masks of one layer differ from
            call to call in both cases.
        **kwargs: What every Keras layer takes.

    Input shape: any, floating point; the batch may be unknown.
    Output shape: the same, of the same dtype.

    Raises:
        ValueError: If `rate` is outside [0, 1], or `noise_shape` holds anything but
            positive integers and None.

    Reference: https://jmlr.org/papers/v15/srivastava14a.html, section 4 and appendix A.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(
                "Invalid value received for argument `rate`. Expected a float value "
                f"between 0 and 1. Received: rate={rate!r}"
            )
        if noise_shape is not None:
            noise_shape = checked_noise_shape(noise_shape)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
        self.supports_masking = True  # a mask over time steps is handed on as it is
        raise NotImplementedError(
            "A keras.random.SeedGenerator, so that every call draws anew."
        )
        self._build_at_init()  # nothing depends on the input's shape

    def call(self, inputs, training=False):
        raise NotImplementedError(
            "In training draw the mask, apply it, scale; else pass inputs on."
        )

    def mask_shape(self, inputs):
        """The shape of the mask: `noise_shape`, its gaps filled with the input's sizes."""
        sizes = ops.shape(inputs)
        if self.noise_shape is None:
            return sizes
        pairs = zip(self.noise_shape, sizes, strict=True)
        return tuple(size if wanted is None else wanted for wanted, size in pairs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


def checked_noise_shape(noise_shape):
    """It as a tuple, or a ValueError."""
    problem = "Invalid value received for argument `noise_shape`. Expected "
    if not isinstance(noise_shape, (tuple, list)):
        problem += "a tuple or list of integers."
    elif any(n is not None and type(n) is not int for n in noise_shape):
        problem += "all elements to be integers or None."
    elif any(n is not None and n < 1 for n in noise_shape):
        problem += "all dimensions to be positive integers or None."
    else:
        return tuple(noise_shape)
    raise ValueError(f"{problem} Received: noise_shape={noise_shape!r}")
