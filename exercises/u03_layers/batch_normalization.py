"""Batch normalization (Ioffe & Szegedy, 2015)."""

import keras
from keras import ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class BatchNormalization(keras.Layer):
    """Gives every feature mean 0 and variance 1 over the batch, then scales and shifts.

    With x of shape (…, C), the mean μ and the variance σ² of each feature are taken over
    all other axes: for images (B, H, W, C) over B, H and W, so C means in all.

        y = gamma · (x − μ) / √(σ² + epsilon) + beta

    In training, μ and σ² are those of the batch (σ² divides by the number n of values,
    not by n − 1), and two moving statistics follow them:

        moving_mean     ← momentum · moving_mean     + (1 − momentum) · μ
        moving_variance ← momentum · moving_variance + (1 − momentum) · σ²

    At inference μ and σ² are the moving statistics and nothing is updated. A layer with
    `trainable = False` always does as at inference: fine-tuning a network must not
    disturb the statistics of its frozen part.

    In mixed precision inputs and outputs are float16 and everything between them is
    computed in float32, the dtype of the weights (`variable_dtype`): the square of a
    float16 overflows above 255. `autocast=False` keeps the weights as they are.

    Args:
        axis: The axis of the features; all others are averaged over.
        momentum: How slowly the moving statistics follow.
        epsilon: Added to the variance, so that a constant feature stays finite.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        moving_mean_initializer, moving_variance_initializer: Where the moving
            statistics start.
        **kwargs: `gamma_` and `beta_` with `initializer` (`ones`, `zeros`),
            `regularizer`, `constraint`; and what every Keras layer takes. Keras's
            `renorm` and `synchronized` are not built here.

    Input shape: any of rank 2 or more, floating point; the size of `axis` is known.
    Output shape: the same.

    Weights, in this order: `gamma`, `beta`, `moving_mean`, `moving_variance`, each (C,).
    The last two are not trainable.

    Raises:
        ValueError: For `renorm` and `synchronized`, when called with a mask, and when
            built on an input that has no such axis or does not know its size.

    Reference: https://arxiv.org/abs/1502.03167, algorithm 1 and section 3.1.
    """

    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        *,
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        **kwargs,
    ):
        for name in ("renorm", "renorm_clipping", "synchronized"):
            if kwargs.pop(name, None):
                raise ValueError(f"{name} is not built here; leave it out.")
        kwargs.pop("renorm_momentum", None)  # says nothing without renorm
        super().__init__(
            **weights.take_settings(self, kwargs, gamma="ones", beta="zeros")
        )
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale
        self.moving_mean_initializer = keras.initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = keras.initializers.get(
            moving_variance_initializer
        )

    def build(self, input_shape):
        self.rank = len(input_shape)
        if not -self.rank <= self.axis < self.rank or input_shape[self.axis] is None:
            raise ValueError(
                f"{self.name} needs to know the size of axis {self.axis}; got input "
                f"shape {tuple(input_shape)}."
            )
        raise NotImplementedError(
            "Gamma, beta and the two moving statistics, autocast=False."
        )

    def call(self, inputs, training=False, mask=None):
        if mask is not None:
            raise ValueError(f"{self.name} does not take a mask.")
        raise NotImplementedError(
            "Choose the statistics, update the moving ones, normalize."
        )

    def batch_statistics(self, x):
        """Mean and variance of each feature over all other axes, both (C,)."""
        raise NotImplementedError("Two means, over every axis but self.axis.")

    def follow(self, mean, variance):
        """Moves the moving statistics towards those of the batch."""
        raise NotImplementedError(
            "Assign each the weighted mean of what it is and what came."
        )

    def along_axis(self, values):
        """(C,) → (1, …, C, …, 1): ready to meet x along `axis`."""
        shape = [1] * self.rank
        shape[self.axis] = -1
        return ops.reshape(values, shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **weights.config(self, "gamma", "beta"),
            "moving_mean_initializer": keras.initializers.serialize(
                self.moving_mean_initializer
            ),
            "moving_variance_initializer": keras.initializers.serialize(
                self.moving_variance_initializer
            ),
        }
