"""Batch normalization folded into one multiplication and one addition a feature."""

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
        renorm=False,
        synchronized=False,
        **kwargs,
    ):
        if renorm or synchronized:
            raise ValueError("not here")
        super().__init__(
            **weights.take_settings(self, kwargs, gamma="ones", beta="zeros")
        )
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.starts = moving_mean_initializer, moving_variance_initializer

    def build(self, input_shape):
        if self.axis >= len(input_shape) or input_shape[self.axis] is None:
            raise ValueError(f"axis {self.axis} of {input_shape}")
        features = input_shape[self.axis]
        axis = self.axis + len(input_shape) if self.axis < 0 else self.axis
        self.reduced = tuple(a for a in range(len(input_shape)) if a != axis)
        self.shape = [features if a == axis else 1 for a in range(len(input_shape))]
        if self.scale:
            self.gamma = self.add_weight(
                shape=(features,), autocast=False, **weights.settings(self, "gamma")
            )
        if self.center:
            self.beta = self.add_weight(
                shape=(features,), autocast=False, **weights.settings(self, "beta")
            )
        self.mean, self.variance = (
            self.add_weight(
                shape=(features,),
                initializer=keras.initializers.get(start),
                trainable=False,
                autocast=False,
            )
            for start in self.starts
        )

    def call(self, inputs, training=None, mask=None):
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ValueError("no such masks")
        x = ops.cast(inputs, self.variable_dtype)
        mean, variance = self.mean.value, self.variance.value
        if training and self.trainable:
            kept = ops.ones_like(x)
            if mask is not None:
                kept = kept * ops.expand_dims(ops.cast(mask, x.dtype), axis=-1)
            count = ops.sum(kept, axis=self.reduced)
            mean = ops.sum(kept * x, axis=self.reduced) / count
            distance = kept * (x - ops.reshape(mean, self.shape))
            variance = ops.sum(ops.square(distance), axis=self.reduced) / count
            for moving, now in ((self.mean, mean), (self.variance, variance)):
                moving.assign(moving + (1 - self.momentum) * (now - moving))
        factor = ops.rsqrt(variance + self.epsilon)
        if self.scale:
            factor = factor * self.gamma
        shift = -mean * factor
        if self.center:
            shift = shift + self.beta
        y = x * ops.reshape(factor, self.shape) + ops.reshape(shift, self.shape)
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
            "moving_mean_initializer": self.starts[0],
            "moving_variance_initializer": self.starts[1],
            **weights.config(self, "gamma", "beta"),
        }
