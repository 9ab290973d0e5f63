"""ops.var, then one multiplication and one addition: y = a · x + b, like Keras."""

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
            raise TypeError("axis")
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.epsilon, self.rms_scaling = epsilon, rms_scaling
        self.center, self.scale = center, scale
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape):
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axes = sorted(axes)
        self.view = [1] * len(input_shape)
        for axis in self.axes:
            if not -len(input_shape) <= axis < len(input_shape):
                raise ValueError(f"no axis {axis}")
            if input_shape[axis] is None:
                raise ValueError(f"axis {axis} is unknown")
            self.view[axis] = input_shape[axis]
        shape = tuple(input_shape[axis] for axis in self.axes)
        if self.scale or self.rms_scaling:
            self.gamma = self.add_weight(
                shape, name="gamma", autocast=False, **weights.settings(self, "gamma")
            )
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(
                shape, name="beta", autocast=False, **weights.settings(self, "beta")
            )

    def call(self, inputs):
        x = ops.cast(inputs, self.variable_dtype)
        mean = ops.mean(x, axis=self.axes, keepdims=True)
        variance = ops.var(x, axis=self.axes, keepdims=True)
        scale = ops.rsqrt(variance + self.epsilon)
        if self.scale or self.rms_scaling:
            scale = scale * ops.reshape(self.gamma, self.view)
        shift = 0.0 if self.rms_scaling else -mean * scale
        if self.center and not self.rms_scaling:
            shift = shift + ops.reshape(self.beta, self.view)
        return ops.cast(x * scale + shift, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        config = super().get_config()
        config.update(
            axis=self.axis,
            epsilon=self.epsilon,
            center=self.center,
            scale=self.scale,
            rms_scaling=self.rms_scaling,
            **weights.config(self, "gamma", "beta"),
        )
        return config
