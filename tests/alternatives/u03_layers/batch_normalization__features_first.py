"""The features move to the front: (C, n), the statistics along n; then all goes back."""

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
        try:
            self.size = tuple(input_shape)[self.axis]
        except IndexError as error:
            raise ValueError(f"no axis {self.axis}") from error
        if self.size is None:
            raise ValueError(f"the size of axis {self.axis} is unknown")
        common = {"shape": (self.size,), "autocast": False}
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", **common, **weights.settings(self, "gamma")
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta", **common, **weights.settings(self, "beta")
            )
        common.update(trainable=False)
        self.moving_mean = self.add_weight(
            name="moving_mean", initializer=self.moving_mean_initializer, **common
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            initializer=self.moving_variance_initializer,
            **common,
        )

    def call(self, inputs, training=False, mask=None):
        if mask is not None and mask.ndim + 1 != len(inputs.shape):
            raise ValueError("mask")
        first = ops.moveaxis(ops.cast(inputs, self.variable_dtype), self.axis, 0)
        table = ops.reshape(first, (self.size, -1))  # (C, n)
        kept = None
        if mask is not None:
            kept = ops.broadcast_to(
                ops.cast(mask, "bool")[..., None], ops.shape(inputs)
            )
            kept = ops.reshape(ops.moveaxis(kept, self.axis, 0), (self.size, -1))
        mean, variance = self.statistics(table, training and self.trainable, kept)
        gamma = self.gamma if self.scale else ops.ones_like(mean)
        beta = self.beta if self.center else ops.zeros_like(mean)
        slope = gamma * (variance + self.epsilon) ** -0.5
        table = slope[:, None] * (table - mean[:, None]) + beta[:, None]
        y = ops.moveaxis(ops.reshape(table, ops.shape(first)), 0, self.axis)
        return ops.cast(y, self.compute_dtype)

    def statistics(self, table, of_the_batch, kept):
        if not of_the_batch:
            return (
                ops.convert_to_tensor(self.moving_mean),
                ops.convert_to_tensor(self.moving_variance),
            )
        if kept is None:
            kept = ops.ones_like(table, dtype="bool")
        count = ops.cast(ops.sum(ops.cast(kept, "int32"), axis=1), table.dtype)
        mean = ops.sum(ops.where(kept, table, 0.0), axis=1) / count
        distance = ops.where(kept, table - mean[:, None], 0.0)
        variance = ops.sum(distance**2, axis=1) / count
        old, new = self.momentum, 1 - self.momentum
        self.moving_mean.assign(
            ops.convert_to_tensor(self.moving_mean) * old + mean * new
        )
        self.moving_variance.assign(
            ops.convert_to_tensor(self.moving_variance) * old + variance * new
        )
        return mean, variance

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
