"""The stand-in of the depthwise separable block."""

from typing import Any

import keras
from keras import ops

from course.block_stand_ins.built_in import built_in


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class DepthwiseSeparableBlock(keras.Layer):
    """A depthwise 3×3 and a 1×1 convolution, each with a normalization and relu6."""

    def __init__(self, filters: int, strides: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        for size in (filters, strides):
            if type(size) is not int or size < 1:
                raise ValueError(f"{size!r} is no positive integer.")
        self.filters, self.strides = filters, strides
        like = {"use_bias": False, "dtype": self.dtype_policy}
        convolutions = (
            built_in("DepthwiseConv2D")(3, strides, padding="same", **like),
            built_in("Conv2D")(filters, 1, **like),
        )
        self.steps = [
            [convolution, built_in("BatchNormalization")(dtype=self.dtype_policy)]
            for convolution in convolutions
        ]

    def build(self, input_shape: tuple) -> None:
        if input_shape[-1] is None:
            raise ValueError(f"Unknown channels: input shape {tuple(input_shape)}.")
        shape = (None, None, None, input_shape[-1])
        for convolution, normalization in self.steps:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            normalization.build(shape)

    def call(self, inputs: Any) -> Any:
        x = inputs
        for convolution, normalization in self.steps:
            x = ops.relu6(normalization(convolution(x)))
        return x

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        sizes = (n and (n - 1) // self.strides + 1 for n in input_shape[1:3])
        return (input_shape[0], *sizes, self.filters)

    def get_config(self) -> dict[str, Any]:
        own = {"filters": self.filters, "strides": self.strides}
        return {**super().get_config(), **own}
