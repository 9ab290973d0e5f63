"""Batch normalization of a table: the features go last, all other axes become rows.

Everything is computed in float64, the variance as E[x²] − E[x]².
"""

import keras
from keras import ops

from course import weights


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
        for name in ("renorm", "synchronized"):
            if kwargs.pop(name, False):
                raise ValueError(name)
        super().__init__(
            **weights.take_settings(self, kwargs, gamma="ones", beta="zeros")
        )
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale
        self.mean_start, self.variance_start = (
            keras.initializers.get(moving_mean_initializer),
            keras.initializers.get(moving_variance_initializer),
        )

    def build(self, input_shape):
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ValueError("no such axis")
        self.features = input_shape[self.axis]
        shape = (self.features,)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=shape, autocast=False,
                **weights.settings(self, "gamma"),
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=shape, autocast=False,
                **weights.settings(self, "beta"),
            )  # fmt: skip
        moving = {"shape": shape, "trainable": False, "autocast": False}
        self.moving_mean = self.add_weight(initializer=self.mean_start, **moving)
        self.moving_variance = self.add_weight(
            initializer=self.variance_start, **moving
        )

    def call(self, inputs, training=False, mask=None):
        if mask is not None and len(mask.shape) + 1 != len(inputs.shape):
            raise ValueError("a mask of another rank")
        moved = ops.moveaxis(ops.cast(inputs, "float64"), self.axis, -1)
        rows = ops.reshape(moved, (-1, self.features))
        if training and self.trainable:
            kept = ops.ones_like(moved)
            if mask is not None:
                kept = ops.ones_like(inputs) * ops.cast(mask, inputs.dtype)[..., None]
                kept = ops.cast(ops.moveaxis(kept, self.axis, -1), "float64")
            kept = ops.reshape(kept, (-1, self.features))
            share = kept / ops.sum(kept, axis=0)
            mean = ops.sum(share * rows, axis=0)
            variance = ops.maximum(
                ops.sum(share * rows * rows, axis=0) - mean * mean, 0
            )
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance)
        else:
            mean = ops.cast(self.moving_mean, "float64")
            variance = ops.cast(self.moving_variance, "float64")
        rows = (rows - mean) / ops.sqrt(variance + self.epsilon)
        if self.gamma is not None:
            rows = rows * ops.cast(self.gamma, "float64")
        if self.beta is not None:
            rows = rows + ops.cast(self.beta, "float64")
        y = ops.moveaxis(ops.reshape(rows, ops.shape(moved)), -1, self.axis)
        return ops.cast(y, self.compute_dtype)

    def _move(self, moving, now):
        old = ops.cast(moving, "float64")
        print("moving", moving.path)
        moving.assign(
            ops.cast(self.momentum * old + (1 - self.momentum) * now, moving.dtype)
        )

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
            "moving_mean_initializer": keras.initializers.serialize(self.mean_start),
            "moving_variance_initializer": keras.initializers.serialize(
                self.variance_start
            ),
            **weights.config(self, "gamma", "beta"),
        }
