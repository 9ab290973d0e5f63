"""Sums divided by a count, hypot for the standard deviation; helper functions outside."""

import functools

import keras
from keras import ops

from course import weights


def shaped(values, like, axis):
    """(C,) with axes of length 1 around it."""
    axis = axis % len(like.shape)
    for _ in range(axis):
        values = ops.expand_dims(values, 0)
    for _ in range(len(like.shape) - axis - 1):
        values = ops.expand_dims(values, -1)
    return values


def averaged(x, axis):
    """The mean over all axes but one, one axis after the other, the last one first."""
    keep = axis % len(x.shape)
    for other in reversed(range(len(x.shape))):
        if other != keep:
            x = ops.mean(x, axis=other)
    return x


@keras.saving.register_keras_serializable(package="layerwise")
class BatchNormalization(keras.Layer):
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
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ValueError("axis")
        if input_shape[self.axis] is None:
            raise ValueError("unknown size")
        weight = functools.partial(
            self.add_weight, shape=(input_shape[self.axis],), autocast=False
        )
        if self.scale:
            self.gamma = weight(name="gamma", **weights.settings(self, "gamma"))
        if self.center:
            self.beta = weight(name="beta", **weights.settings(self, "beta"))
        weight = functools.partial(weight, trainable=False)
        self.moving_mean = weight(
            name="moving_mean", initializer=self.moving_mean_initializer
        )
        self.moving_variance = weight(
            name="moving_variance", initializer=self.moving_variance_initializer
        )

    def call(self, inputs, training=False, mask=None):
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ValueError("mask")
        x = ops.cast(inputs, self.variable_dtype)
        along = functools.partial(shaped, like=x, axis=self.axis)
        if self.trainable and training:
            kept = ops.ones_like(x)
            if mask is not None:
                kept = kept * ops.cast(mask, x.dtype)[..., None]
            share = averaged(kept, self.axis)
            mean = averaged(kept * x, self.axis) / share
            variance = averaged(kept * ops.square(x - along(mean)), self.axis) / share
            share = 1 - self.momentum
            self.moving_mean.assign_add((mean - self.moving_mean) * share)
            self.moving_variance.assign_add((variance - self.moving_variance) * share)
        else:
            mean = ops.convert_to_tensor(self.moving_mean)
            variance = ops.convert_to_tensor(self.moving_variance)
        deviation = ops.power(variance + self.epsilon, 0.5)
        y = ops.divide(ops.subtract(x, along(mean)), along(deviation))
        if self.scale:
            y = y * along(ops.convert_to_tensor(self.gamma))
        if self.center:
            y = y + along(ops.convert_to_tensor(self.beta))
        return ops.cast(y, self.compute_dtype)

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
