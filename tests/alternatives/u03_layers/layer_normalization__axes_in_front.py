"""The normalized axes go to the back and become one; then it is always the last axis."""

import math

import keras
from keras import ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class LayerNormalization(keras.Layer):
    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, **kwargs):
        rms_scaling = kwargs.pop("rms_scaling", False)
        super().__init__(
            **weights.take_settings(self, kwargs, gamma="ones", beta="zeros")
        )
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(f"axis: {axis!r}")
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.epsilon, self.rms_scaling = epsilon, rms_scaling
        self.center, self.scale = center, scale
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape):
        self.rank = len(input_shape)
        listed = [self.axis] if isinstance(self.axis, int) else self.axis
        if any(a not in range(-self.rank, self.rank) for a in listed):
            raise ValueError(f"axis {self.axis} of {input_shape}")
        self.back = sorted(a % self.rank for a in listed)
        self.front = [a for a in range(self.rank) if a not in self.back]
        sizes = tuple(input_shape[a] for a in self.back)
        if None in sizes:
            raise ValueError(f"unknown sizes in {input_shape}")
        self.width = math.prod(sizes)
        kinds = {
            "gamma": self.scale or self.rms_scaling,
            "beta": self.center and not self.rms_scaling,
        }
        for kind, wanted in kinds.items():
            weight = None
            if wanted:
                weight = self.add_weight(
                    sizes, name=kind, autocast=False, **weights.settings(self, kind)
                )
            setattr(self, kind, weight)

    def call(self, inputs):
        order = [*self.front, *self.back]
        x = ops.transpose(ops.cast(inputs, self.variable_dtype), order)
        shape = ops.shape(x)
        x = ops.reshape(x, (*shape[: len(self.front)], self.width))
        centered = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(centered * centered, axis=-1, keepdims=True)
        x = x if self.rms_scaling else centered
        x = x / ops.sqrt(variance + self.epsilon)
        if self.gamma is not None:
            x = x * ops.reshape(self.gamma, (-1,))
        if self.beta is not None:
            x = x + ops.reshape(self.beta, (-1,))
        back = [order.index(a) for a in range(self.rank)]
        return ops.cast(ops.transpose(ops.reshape(x, shape), back), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            **weights.config(self, "gamma", "beta"),
        }
