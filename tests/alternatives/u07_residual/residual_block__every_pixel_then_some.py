"""ResidualBlock whose strided steps compute every pixel and then keep some of them."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D


@keras.saving.register_keras_serializable(package="layerwise")
class ResidualBlock(keras.Layer):
    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        if not all(type(n) is int and n > 0 for n in (filters, strides)):
            raise ValueError(f"({filters}, {strides})")
        self.filters, self.strides = filters, strides
        self.change = [ConvNorm(filters, 3, dtype=self.dtype_policy) for _ in "12"]

    def build(self, input_shape):
        self.projects = self.strides != 1 or input_shape[-1] != self.filters
        for step in self.change:
            step.build(input_shape)
            input_shape = (*input_shape[:-1], self.filters)
        if self.projects:
            self.carry = ConvNorm(self.filters, 1, dtype=self.dtype_policy)
            self.carry.build((None, None, None, self.change[0].channels))

    def call(self, inputs):
        some = (slice(None), *2 * (slice(None, None, self.strides),))
        first, second = self.change
        old = self.carry(inputs[some]) if self.projects else inputs
        new = second(keras.activations.relu(first(inputs, some=some)))
        return keras.activations.relu(ops.add(new, old))

    def compute_output_shape(self, input_shape):
        half = [None if n is None else (n - 1) // self.strides + 1
                for n in input_shape[1:3]]  # fmt: skip
        return (input_shape[0], *half, self.filters)

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "strides": self.strides}


class ConvNorm(keras.Layer):
    def __init__(self, filters, size, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        # at stride 1, `same` is one pixel on each side
        self.look = Conv2D(
            filters,
            size,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
        )
        self.settle = BatchNormalization(-1, 0.9, 1e-5, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.channels = input_shape[-1]
        self.look.build((None, None, None, self.channels))
        self.settle.build((None, None, None, self.filters))

    def call(self, x, some=...):
        return self.settle(self.look(x)[some])
