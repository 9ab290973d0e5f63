"""ops.moments with keepdims; the moving statistics take a step towards the batch's."""

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
        self.rank = len(input_shape)
        if self.axis not in range(-self.rank, self.rank) or not input_shape[self.axis]:
            raise ValueError(f"axis {self.axis} of {tuple(input_shape)}")
        size = input_shape[self.axis]
        self.others = tuple(a for a in range(self.rank) if a != self.axis % self.rank)
        self.view = tuple(1 if a in self.others else size for a in range(self.rank))

        def vector(name, **settings):
            return self.add_weight((size,), name=name, autocast=False, **settings)

        self.gamma = self.beta = None
        if self.scale:
            self.gamma = vector("gamma", **weights.settings(self, "gamma"))
        if self.center:
            self.beta = vector("beta", **weights.settings(self, "beta"))
        self.moving_mean, self.moving_variance = (
            vector(name, trainable=False, initializer=start)
            for name, start in (
                ("moving_mean", self.moving_mean_initializer),
                ("moving_variance", self.moving_variance_initializer),
            )
        )

    def call(self, inputs, training=False, mask=None):
        if mask is not None and len(mask.shape) != self.rank - 1:
            raise ValueError("no such masks")
        x = ops.cast(inputs, self.variable_dtype)
        if training and self.trainable:
            mean, variance = self.moments(x, mask)
            for moving, now in (
                (self.moving_mean, mean),
                (self.moving_variance, variance),
            ):
                now = ops.reshape(now, (-1,))
                moving.assign_sub((1 - self.momentum) * (moving - now))
        else:
            mean = ops.reshape(self.moving_mean, self.view)
            variance = ops.reshape(self.moving_variance, self.view)
        y = (x - mean) * ops.rsqrt(variance + self.epsilon)
        if self.scale:
            y = ops.reshape(self.gamma, self.view) * y
        if self.center:
            y = ops.reshape(self.beta, self.view) + y
        return ops.cast(y, self.compute_dtype)

    def moments(self, x, mask):
        if mask is None:
            return ops.moments(x, axes=list(self.others), keepdims=True)
        weights = ops.ones_like(x) * ops.expand_dims(ops.cast(mask, x.dtype), -1)
        count = ops.sum(weights, self.others, keepdims=True)
        mean = ops.sum(x * weights, self.others, keepdims=True) / count
        squares = ops.square((x - mean) * weights)
        return mean, ops.sum(squares, self.others, keepdims=True) / count

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
