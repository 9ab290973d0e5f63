"""What stands in for the blocks of which networks are built: Keras's layers inside.

Keras has no layer for a block of a paper. These stand in for them, with the interface
and the order of weights that the exercises promise, so that a network can be judged by
its own faults, not by those of its blocks. What each promises stands in its exercise.
"""

from course.block_stand_ins.dense import DenseBlock, TransitionBlock
from course.block_stand_ins.inception import AuxiliaryClassifier, InceptionBlock
from course.block_stand_ins.local import LocalResponseNormalization
from course.block_stand_ins.residual import BottleneckBlock, ResidualBlock
from course.block_stand_ins.separable import DepthwiseSeparableBlock

__all__ = [
    "AuxiliaryClassifier",
    "BottleneckBlock",
    "DenseBlock",
    "DepthwiseSeparableBlock",
    "InceptionBlock",
    "LocalResponseNormalization",
    "ResidualBlock",
    "TransitionBlock",
]
