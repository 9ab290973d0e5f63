"""Places with the same rest of o / s are one mixture of the image and a neighbour."""

import keras
from keras import ops

from course.data_format import resolved, sees_channels_last
from course.shapes import pair


def slices(axis, start, stop):
    return (slice(None),) * axis + (slice(start, stop),)


@keras.saving.register_keras_serializable(package="layerwise")
class UpSampling2D(keras.layers.Layer):
    def __init__(
        self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs
    ):
        super().__init__(**kwargs)
        self.size = pair(size, "size")
        self.how, self.data_format = interpolation.lower(), resolved(data_format)
        self.rows = 2 if self.data_format == "channels_first" else 1  # their axis
        if self.how not in ("nearest", "bilinear"):
            raise ValueError(interpolation)

    def call(self, inputs):
        wide = self.stretch(inputs, self.rows + 1, self.size[1])
        return self.stretch(wide, self.rows, self.size[0])

    def stretch(self, x, axis, s):
        phases = [x] * s
        if self.how == "bilinear":
            first, last = x[slices(axis, None, 1)], x[slices(axis, -1, None)]
            before = ops.concatenate([first, x[slices(axis, None, -1)]], axis=axis)
            behind = ops.concatenate([x[slices(axis, 1, None)], last], axis=axis)
            phases = []
            for r in range(s):
                t = (r + 0.5) / s - 0.5  # from the pixel's middle, −½ … ½
                other = before if t < 0 else behind
                phases.append(x + abs(t) * other - abs(t) * x)
        shape = list(ops.shape(x))
        shape[axis] = shape[axis] * s
        return ops.reshape(ops.stack(phases, axis=axis + 1), [-1, *shape[1:]])

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        for axis, s in enumerate(self.size, start=self.rows):
            shape[axis] = shape[axis] and shape[axis] * s
        return tuple(shape)

    def get_config(self):
        mine = {"size": self.size, "interpolation": self.how}
        return {**super().get_config(), **mine, "data_format": self.data_format}


@keras.saving.register_keras_serializable(package="layerwise")
class ZeroPadding2D(keras.layers.Layer):
    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(**kwargs)
        rows, columns = (padding, padding) if isinstance(padding, int) else padding
        self.rows, self.columns = pair(rows, "rows", 0), pair(columns, "columns", 0)
        self.data_format = resolved(data_format)

    @sees_channels_last
    def call(self, inputs):
        x = ops.transpose(inputs, (0, 3, 1, 2))  # and back
        x = ops.pad(x, ((0, 0), (0, 0), self.rows, self.columns))
        return ops.transpose(x, (0, 2, 3, 1))

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height = None if height is None else height + sum(self.rows)
        width = None if width is None else width + sum(self.columns)
        return (batch, height, width, channels)

    def get_config(self):
        mine = {"padding": (self.rows, self.columns), "data_format": self.data_format}
        return {**super().get_config(), **mine}
