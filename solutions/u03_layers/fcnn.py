"""A fully connected network with batch normalization and dropout."""

import math

import keras
from keras import ops

from course.parts import BatchNormalization, Dense, Dropout


@keras.saving.register_keras_serializable(package="layerwise")
class FCNN(keras.Model):
    """Classifies vectors and small images with fully connected layers.

    The input is flattened to (B, D). Every hidden block, one for each entry of `units`,
    is

        x ← Dropout(relu(BatchNormalization(Dense(x))))

    with the normalization before the nonlinearity, as in its paper (section 3.2). The
    Dense of a block has no bias: beta stands for it. The network ends in a Dense layer
    with a bias and no activation: the outputs are logits, one for each class.

    Batch normalization runs with momentum 0.9, not Keras's 0.99: small data sets have
    few batches, and the moving statistics must have arrived when training ends.

    Args:
        units: The width of each hidden block, in order; empty for a linear classifier.
        num_classes: How many logits.
        dropout_rate: The rate of every Dropout.
        **kwargs: What every Keras model takes; `dtype` is handed on to the layers.

    Input shape: `(B, …)`, floating point; all but B known.
    Output shape: `(B, num_classes)`.

    Weights, in the order of the forward pass: for each block kernel, gamma, beta,
    moving mean and moving variance, then kernel and bias of the last layer.

    | data   | input shape | constructor                | parameters | trainable |
    |--------|-------------|----------------------------|------------|-----------|
    | iris   | (4,)        | FCNN((16, 8), 3, 0.1)      |        315 |       267 |
    | digits | (8, 8)      | FCNN((64, 32), 10, 0.2)    |      6,858 |     6,666 |
    | mnist  | (28, 28)    | FCNN((512, 256), 10, 0.3)  |    538,122 |   536,586 |

    Raises:
        ValueError: If a width or `num_classes` is no positive integer, and when built
            on an input with unknown sizes besides the batch.

    Reference: https://arxiv.org/abs/1502.03167, sections 3.2 and 4.1.
    """

    def __init__(self, units, num_classes, dropout_rate, **kwargs):
        super().__init__(**kwargs)
        self.units, self.num_classes = tuple(units), num_classes
        self.dropout_rate = dropout_rate
        for size in (*self.units, num_classes):
            if type(size) is not int or size < 1:
                raise ValueError(
                    "units and num_classes must be positive integers; got "
                    f"{self.units} and {num_classes!r}."
                )
        settings = {"dtype": self.dtype_policy}
        ### BEGIN SOLUTION the layers of each block, then the last layer, with **settings
        self.hidden = [
            (
                Dense(width, use_bias=False, **settings),
                BatchNormalization(momentum=0.9, **settings),
                Dropout(dropout_rate, **settings),
            )
            for width in self.units
        ]
        self.logits = Dense(num_classes, **settings)
        ### END SOLUTION

    def build(self, input_shape):
        if None in input_shape[1:]:
            raise ValueError(
                f"{self.name} needs to know all sizes but the batch's; got input shape "
                f"{tuple(input_shape)}."
            )
        ### BEGIN SOLUTION build every layer on the width of the one before
        width = math.prod(input_shape[1:])
        for dense, normalization, _ in self.hidden:
            dense.build((None, width))
            width = dense.units
            normalization.build((None, width))
        self.logits.build((None, width))
        ### END SOLUTION

    def call(self, inputs, training=False):
        ### BEGIN SOLUTION flatten, the hidden blocks in order, the last layer
        x = ops.reshape(inputs, (-1, math.prod(inputs.shape[1:])))  # (B, D)
        for dense, normalization, dropout in self.hidden:
            x = normalization(dense(x), training=training)
            x = dropout(ops.relu(x), training=training)
        return self.logits(x)  # (B, num_classes)
        ### END SOLUTION

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "num_classes": self.num_classes,
            "dropout_rate": self.dropout_rate,
        }
