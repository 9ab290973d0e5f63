"""DepthwiseSeparableBlock with a grouped Conv2D's idea: own kernels, slices, einsum."""

import keras
from keras import ops

from course.parts import BatchNormalization


@keras.saving.register_keras_serializable(package="layerwise")
class DepthwiseSeparableBlock(keras.Layer):
    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        if not all(type(n) is int and n > 0 for n in (filters, strides)):
            raise ValueError(f"({filters}, {strides})")
        self.filters, self.strides = filters, strides
        self.settle = Scale(dtype=self.dtype_policy), Scale(dtype=self.dtype_policy)

    def build(self, input_shape):
        c = input_shape[-1]
        if c is None:
            raise ValueError("unknown channels")
        for scale, shape in zip(
            self.settle, ((3, 3, c, 1), (1, 1, c, self.filters)), strict=True
        ):
            scale.make(shape)

    def call(self, inputs):
        one, two = self.settle
        x = inputs
        height, width = ops.shape(x)[1:3]
        s = self.strides
        before, behind = zip(*(self.border(n) for n in (height, width)), strict=True)
        x = ops.pad(x, ((0, 0), *zip(before, behind, strict=True), (0, 0)))
        rows, columns = (-(-n // s) for n in (height, width))
        y = 0
        for p in range(3):
            for q in range(3):
                seen = x[:, p : p + (rows - 1) * s + 1 : s]
                seen = seen[:, :, q : q + (columns - 1) * s + 1 : s]
                y = y + seen * one.cast_kernel(y)[p, q, :, 0]
        y = one.then(y)
        return two.then(ops.einsum("bhwc,cf->bhwf", y, two.cast_kernel(y)[0, 0]))

    def border(self, n):
        lacking = 2 - (n - 1) % self.strides
        if isinstance(lacking, int):
            lacking = max(lacking, 0)
            return lacking // 2, lacking - lacking // 2
        lacking = ops.maximum(lacking, 0)
        return lacking // 2, lacking - lacking // 2

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        if height is not None:
            height = (height - 1) // self.strides + 1
        if width is not None:
            width = (width - 1) // self.strides + 1
        return batch, height, width, self.filters

    def get_config(self):
        config = super().get_config()
        config.update(filters=self.filters, strides=self.strides)
        return config


class Scale(keras.Layer):
    """A kernel of one's own, and what follows it."""

    def make(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=shape)
        self.norm = BatchNormalization(dtype=self.dtype_policy)
        self.norm.build((None, None, None, shape[-1] if shape[0] == 1 else shape[2]))
        self.built = True

    def cast_kernel(self, x):
        return ops.cast(self.kernel, self.compute_dtype)

    def then(self, x):
        return ops.clip(self.norm(x), 0, 6)
