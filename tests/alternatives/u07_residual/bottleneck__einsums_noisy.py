"""BottleneckBlock whose 1×1 convolutions are einsums over weights of their own."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D


class Mix(keras.Layer):
    """Each pixel's channels, mixed: a 1×1 convolution with a stride."""

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.strides = filters, strides

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(1, 1, input_shape[-1], self.filters),
            initializer="he_normal",
        )

    def call(self, x):
        x = x[:, :: self.strides, :: self.strides]
        print("mixing", x.shape)
        return ops.einsum("bhwc,cf->bhwf", x, self.kernel[0, 0])


@keras.saving.register_keras_serializable(package="layerwise")
class BottleneckBlock(keras.Layer):
    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        for value in (filters, strides):
            if type(value) is not int or value < 1:
                raise ValueError(f"{value!r} can't be")
        self.filters, self.strides = filters, strides
        like = {"dtype": self.dtype_policy}
        norm = {"momentum": 0.9, "epsilon": 1e-5, **like}
        self.squeeze, self.norm_1 = Mix(filters, **like), BatchNormalization(**norm)
        self.look = Conv2D(
            filters, 3, strides, use_bias=False, kernel_initializer="he_normal", **like
        )
        self.norm_2 = BatchNormalization(**norm)
        self.widen, self.norm_3 = Mix(4 * filters, **like), BatchNormalization(**norm)
        self.project = Mix(4 * filters, strides, **like)
        self.norm_4 = BatchNormalization(**norm)
        self.projects = True

    def build(self, input_shape):
        channels = input_shape[-1]
        if self.strides == 1 and channels == 4 * self.filters:
            self.projects, self.project, self.norm_4 = False, None, None
        else:
            self.project.build((None, None, None, channels))
            self.norm_4.build((None, None, None, 4 * self.filters))
        self.squeeze.build((None, None, None, channels))
        for layer in (self.norm_1, self.look, self.norm_2, self.widen):
            layer.build((None, None, None, self.filters))
        self.norm_3.build((None, None, None, 4 * self.filters))

    def call(self, inputs, training=None):
        x = self.norm_1(self.squeeze(inputs), training=training)
        x = ops.pad(ops.maximum(x, 0), ((0, 0), (1, 1), (1, 1), (0, 0)))
        x = ops.maximum(self.norm_2(self.look(x), training=training), 0)
        x = self.norm_3(self.widen(x), training=training)
        if not self.projects:
            return ops.maximum(x + inputs, 0)
        return ops.maximum(x + self.norm_4(self.project(inputs), training=training), 0)

    def compute_output_shape(self, input_shape):
        sizes = (n and (n + self.strides - 1) // self.strides for n in input_shape[1:3])
        return (input_shape[0], *sizes, 4 * self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
        }
