"""How many multiply-accumulates a call of a layer makes: the rules of `course.costs`.

Layers are known by the names of their classes, so that Keras's and yours count alike.
"""

import math
from collections.abc import Callable
from typing import Any

Shape = tuple[int, ...]
# Of a layer, the shape of its input and that of its output, both without the batch.
Rule = Callable[[Any, Shape, Shape], int]


def _each_output_sums(weights: str, axes: slice) -> Rule:
    """For layers whose every output is a sum over these axes of a kernel."""

    def rule(layer: Any, x: Shape, y: Shape) -> int:
        return math.prod(y) * math.prod(getattr(layer, weights).shape[axes])

    return rule


def _einsum(layer: Any, x: Shape, y: Shape) -> int:
    """Every output is a sum over the kernel's axes that it doesn't have itself."""
    kernel = layer.equation.split(",")[1].split("->")[0].strip()
    output = layer.equation.split("->")[1]
    axes = zip(kernel, layer.kernel.shape, strict=True)
    return math.prod(y) * math.prod(
        size for letter, size in axes if letter not in output
    )


def _transposed(layer: Any, x: Shape, y: Shape) -> int:
    """Every input goes to every filter through the whole window."""
    return math.prod(x) * math.prod(layer.kernel.shape[:-1])  # the last is x's too


def _separable(layer: Any, x: Shape, y: Shape) -> int:
    """Both steps have the places of the output."""
    kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
    places = math.prod(y) // layer.filters
    return places * sum(math.prod(kernel.shape) for kernel in kernels)


_WINDOW_AND_INPUTS = _each_output_sums("kernel", slice(None, -1))
RULES: dict[str, Rule] = {
    "Dense": _WINDOW_AND_INPUTS,
    "Conv1D": _WINDOW_AND_INPUTS,  # of a group, the kernel has its group's inputs
    "Conv2D": _WINDOW_AND_INPUTS,
    "Conv3D": _WINDOW_AND_INPUTS,
    "DepthwiseConv1D": _each_output_sums("kernel", slice(None, -2)),
    "DepthwiseConv2D": _each_output_sums("kernel", slice(None, -2)),
    "EinsumDense": _einsum,
    "Conv1DTranspose": _transposed,
    "Conv2DTranspose": _transposed,
    "Conv3DTranspose": _transposed,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    # LeNet-5: a coefficient for each output; a square for each state and code.
    "Subsampling": lambda layer, x, y: math.prod(y),
    "SquaredDistances": lambda layer, x, y: math.prod(layer.codes.shape),
}

ADDITIONS = set(
    """Activation ReLU LeakyReLU PReLU ELU Softmax BatchNormalization LayerNormalization
    GroupNormalization UnitNormalization LocalResponseNormalization Embedding MaxPooling1D
    MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalAveragePooling1D GlobalAveragePooling2D
    UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D Add
    Subtract Multiply Average Maximum Minimum Concatenate Rescaling Normalization
    """.split()
)
# Made of layers, and of additions, relu, padding between them. The sum or the
# concatenation at a block's end is an output of its own.
BLOCKS = set(
    """ResidualBlock BottleneckBlock InceptionBlock AuxiliaryClassifier DenseBlock
    DenseLayer TransitionBlock DepthwiseSeparableBlock Model _Path
    """.split()
)
VIEWS = set(
    """Flatten Reshape Permute Identity Dropout SpatialDropout1D SpatialDropout2D
    GaussianNoise GaussianDropout InputLayer
    """.split()
)
