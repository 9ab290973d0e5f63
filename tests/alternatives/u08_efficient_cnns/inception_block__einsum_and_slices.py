"""The block with weights of its own: slices, einsum, a maximum of shifted images."""

import keras
from keras import ops

from course.parts import Dropout


@keras.saving.register_keras_serializable(package="layerwise")
class InceptionBlock(keras.Layer):
    def __init__(
        self,
        filters_1x1,
        reduce_3x3,
        filters_3x3,
        reduce_5x5,
        filters_5x5,
        pool_projection,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters_1x1 = filters_1x1
        self.reduce_3x3 = reduce_3x3
        self.filters_3x3 = filters_3x3
        self.reduce_5x5 = reduce_5x5
        self.filters_5x5 = filters_5x5
        self.pool_projection = pool_projection
        if any(type(n) is not int or n < 1 for n in self.own()):
            raise ValueError(f"{self.own()}")

    def own(self):
        return (
            self.filters_1x1,
            self.reduce_3x3,
            self.filters_3x3,
            self.reduce_5x5,
            self.filters_5x5,
            self.pool_projection,
        )

    def build(self, input_shape):
        c = input_shape[-1]
        if c is None:
            raise ValueError("unknown channels")
        c1, r3, c3, r5, c5, projected = self.own()
        shapes = [(1, 1, c, c1), (1, 1, c, r3), (3, 3, r3, c3)]
        shapes += [(1, 1, c, r5), (5, 5, r5, c5), (1, 1, c, projected)]
        self.pairs = []
        for shape in shapes:
            kernel = self.add_weight(
                name="kernel", shape=shape, initializer="he_normal"
            )
            bias = self.add_weight(name="bias", shape=shape[-1:], initializer="zeros")
            self.pairs.append((kernel, bias))

    def look(self, x, place):
        kernel, bias = (ops.cast(w, self.compute_dtype) for w in self.pairs[place])
        views = shifted(x, kernel.shape[0], 0.0)
        flat = ops.reshape(kernel, (-1, *kernel.shape[2:]))
        y = sum(ops.einsum("bhwc,cf->bhwf", v, flat[i]) for i, v in enumerate(views))
        return ops.relu(y + bias)

    def call(self, inputs):
        first, *others = shifted(inputs, 3, -1e9)
        for other in others:
            # On PyTorch, Keras's maximum of float64 is float32.
            first = ops.where(other > first, other, first)
        ends = [
            self.look(inputs, 0),
            self.look(self.look(inputs, 1), 2),
            self.look(self.look(inputs, 3), 4),
            self.look(first, 5),
        ]
        return ops.concatenate(ends, axis=-1)

    def compute_output_shape(self, input_shape):
        c1, _, c3, _, c5, projected = self.own()
        return (*input_shape[:3], c1 + c3 + c5 + projected)

    def get_config(self):
        names = ("filters_1x1", "reduce_3x3", "filters_3x3", "reduce_5x5")
        names += ("filters_5x5", "pool_projection")
        return {**super().get_config(), **dict(zip(names, self.own(), strict=True))}


def shifted(x, size, value):
    """The images moved by each step of a window, `value` where nothing is."""
    height, width = ops.shape(x)[1:3]
    edge = (size // 2, size // 2)
    x = ops.pad(x, ((0, 0), edge, edge, (0, 0)), constant_values=value)
    return [
        x[:, p : p + height, q : q + width] for p in range(size) for q in range(size)
    ]


@keras.saving.register_keras_serializable(package="layerwise")
class AuxiliaryClassifier(keras.Layer):
    def __init__(
        self, num_classes, filters=128, units=1024, dropout_rate=0.7, **kwargs
    ):
        super().__init__(**kwargs)
        for size in (num_classes, filters, units):
            if not isinstance(size, int) or size < 1:
                raise ValueError(f"{size!r} is no size")
        self.num_classes, self.filters, self.units = num_classes, filters, units
        self.dropout_rate = dropout_rate
        self.drop = Dropout(dropout_rate, dtype=self.dtype_policy)

    def build(self, input_shape):
        _, height, width, channels = input_shape
        if height is None or width is None or min(height, width) < 5:
            raise ValueError(f"images of {height}×{width}")
        self.rows, self.columns = (height - 2) // 3, (width - 2) // 3
        seen = self.rows * self.columns * self.filters
        shapes = [(1, 1, channels, self.filters), (seen, self.units)]
        shapes.append((self.units, self.num_classes))
        self.pairs = []
        for number, shape in enumerate(shapes):
            begins = "he_normal" if number < 2 else "glorot_uniform"
            kernel = self.add_weight(name="kernel", shape=shape, initializer=begins)
            bias = self.add_weight(name="bias", shape=shape[-1:], initializer="zeros")
            self.pairs.append((kernel, bias))

    def call(self, inputs):
        thin, hidden, last = (
            [ops.cast(weight, self.compute_dtype) for weight in pair]
            for pair in self.pairs
        )
        # The mean and the 1×1 convolution are both linear: either may come first.
        x = ops.einsum("bhwc,cf->bhwf", inputs, thin[0][0, 0]) + thin[1]
        corners = [(3 * row, 3 * column) for row in range(self.rows)
                   for column in range(self.columns)]  # fmt: skip
        means = [
            ops.sum(x[:, row : row + 5, column : column + 5], axis=(1, 2)) / 25
            for row, column in corners
        ]
        x = ops.relu(ops.concatenate(means, axis=-1))
        x = self.drop(ops.relu(ops.einsum("bi,ij->bj", x, hidden[0]) + hidden[1]))
        return ops.einsum("bi,ij->bj", x, last[0]) + last[1]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "filters": self.filters,
            "units": self.units,
            "dropout_rate": self.dropout_rate,
        }
