"""How much each place has of each pixel, as a matrix; zeros by concatenation."""

import keras
import numpy as np
from keras import ops

from course.data_format import resolved, sees_channels_last


@keras.saving.register_keras_serializable(package="layerwise")
class UpSampling2D(keras.Layer):
    def __init__(
        self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs
    ):
        super().__init__(**kwargs)
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.interpolation = interpolation.lower()
        self.data_format = resolved(data_format)
        if self.interpolation not in ("nearest", "bilinear"):
            raise ValueError("not built here")

    def matrix(self, n, factor):
        places = np.arange(n * factor)[:, None]
        if self.interpolation == "nearest":
            shares = places // factor == np.arange(n)
        else:
            middles = np.clip((places + 0.5) / factor - 0.5, 0, n - 1)
            shares = np.maximum(1 - np.abs(middles - np.arange(n)), 0)
        return ops.convert_to_tensor(shares.astype(self.compute_dtype))

    @sees_channels_last
    def call(self, inputs):
        rows = self.matrix(inputs.shape[1], self.size[0])
        columns = self.matrix(inputs.shape[2], self.size[1])
        tall = ops.einsum("oh,bhwc->bowc", rows, inputs)
        return ops.einsum("pw,bowc->bopc", columns, tall)

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height = None if height is None else height * self.size[0]
        return (batch, height, width and width * self.size[1], channels)

    def get_config(self):
        mine = {"size": self.size, "interpolation": self.interpolation}
        return {**super().get_config(), **mine, "data_format": self.data_format}


@keras.saving.register_keras_serializable(package="layerwise")
class ZeroPadding2D(keras.Layer):
    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(**kwargs)
        if isinstance(padding, int):
            padding = (padding, padding)
        self.padding = tuple(
            (side, side) if isinstance(side, int) else tuple(side) for side in padding
        )
        self.data_format = resolved(data_format)
        if min(map(min, self.padding)) < 0:
            raise ValueError(padding)

    @sees_channels_last
    def call(self, inputs):
        x = inputs
        for axis, (before, behind) in enumerate(self.padding, start=1):
            one = ops.zeros_like(ops.take(x, [0], axis=axis))
            x = ops.concatenate([one] * before + [x] + [one] * behind, axis=axis)
        return x

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        sizes = [
            n if n is None else n + sum(sides)
            for n, sides in zip(input_shape[1:3], self.padding, strict=True)
        ]
        return (input_shape[0], *sizes, input_shape[3])

    def get_config(self):
        mine = {"padding": self.padding, "data_format": self.data_format}
        return {**super().get_config(), **mine}
