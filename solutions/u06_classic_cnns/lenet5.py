"""LeNet-5 (LeCun, Bottou, Bengio & Haffner, 1998), as the paper has it."""

import keras
import numpy as np
from keras import ops

from course import bitmaps
from course.parts import Conv2D, Dense

# Table I: an X in row k, column m: map m of C3 sees map k of S2.
TABLE_1 = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""


def squash(a):
    """The scaled hyperbolic tangent: f(a) = 1.7159 · tanh(2/3 · a)."""
    ### BEGIN SOLUTION equation 6
    return 1.7159 * ops.tanh(2 / 3 * a)
    ### END SOLUTION


def seen_by_c3():
    """For each map of C3, the maps of S2 that it sees, ascending: 16 lists of numbers.

    The first is [0, 1, 2], the last is [0, 1, 2, 3, 4, 5].
    """
    ### BEGIN SOLUTION read TABLE_1 column by column
    rows = [line.split() for line in TABLE_1.split("\n") if line]
    columns = zip(*rows, strict=True)
    return [[k for k, cell in enumerate(column) if cell == "X"] for column in columns]
    ### END SOLUTION


class Subsampling(keras.Layer):
    """Sums 2×2 neighbours, weighs the sum, squashes: (B, H, W, C) → (B, H/2, W/2, C).

        y[b, i, j, c] = f(bias[c] + coefficient[c] · Σ_{p, q < 2} x[b, 2i+p, 2j+q, c])

    It starts as an average: coefficients 1/4, biases 0.
    """

    def build(self, input_shape):
        ### BEGIN SOLUTION one coefficient and one bias for each map
        channels = input_shape[-1]
        self.coefficient = self.add_weight(
            name="coefficient",
            shape=(channels,),
            initializer=keras.initializers.Constant(1 / 4),
        )
        self.bias = self.add_weight(name="bias", shape=(channels,), initializer="zeros")
        ### END SOLUTION

    def call(self, inputs):
        ### BEGIN SOLUTION the four neighbours, their sum, the squashing
        rows = inputs[:, 0::2] + inputs[:, 1::2]  # (B, H/2, W, C)
        sums = rows[:, :, 0::2] + rows[:, :, 1::2]  # (B, H/2, W/2, C)
        return squash(self.coefficient * sums + self.bias)
        ### END SOLUTION


class SquaredDistances(keras.Layer):
    """How far each state is from each digit's code: (B, 84) → (B, 10).

    y[b, i] = Σ_j (x[b, j] − codes[i, j])²                              (eq. 7)
    """

    def build(self, input_shape):
        ### BEGIN SOLUTION the codes of bitmaps.digits(), a weight that is not trained
        ink = bitmaps.digits().reshape(10, 84)
        self.codes = self.add_weight(
            name="codes",
            shape=(10, 84),
            initializer=keras.initializers.Constant(np.where(ink, 1.0, -1.0)),
            trainable=False,
        )
        ### END SOLUTION

    def call(self, inputs):
        ### BEGIN SOLUTION equation 7
        differences = inputs[:, None, :] - self.codes  # (B, 10, 84)
        return ops.sum(ops.square(differences), axis=-1)
        ### END SOLUTION


@keras.saving.register_keras_serializable(package="layerwise")
class LeNet5(keras.Model):
    """Squashes a 32×32 image into 84 numbers that should draw the digit again.

        |    | layer                                | gives    | parameters |
        |----|--------------------------------------|----------|-----------:|
        | C1 | convolution 5×5                      | 6@28×28  |        156 |
        | S2 | subsampling 2×2                      | 6@14×14  |         12 |
        | C3 | convolution 5×5, as Table I connects | 16@10×10 |      1,516 |
        | S4 | subsampling 2×2                      | 16@5×5   |         32 |
        | C5 | convolution 5×5                      | 120@1×1  |     48,120 |
        | F6 | fully connected                      | 84       |     10,164 |
        |    | all that is trained                  |          |     60,000 |
        |    | distances to the codes               | 10       |  840 fixed |

    Convolutions have no padding and a bias for each map. Every unit up to F6 squashes
    its weighted sum a (eq. 6, appendix A):

        f(a) = A · tanh(S · a),    A = 1.7159,    S = 2/3

    A unit of S2 or S4 adds four neighbours in one map, multiplies the sum by the map's
    coefficient, adds the map's bias, and squashes (see `Subsampling`).

    Map m of C3 sees only the maps of S2 that have an X in column m of `TABLE_1`: it is
    a convolution of its own, over these maps in ascending order.

    A digit's code is its 7×12 picture (`course.bitmaps.digits`), read row by row: +1
    for ink, −1 for paper. The output of the paper is the squared distance of the state
    x of F6 to each code w (eq. 7), small for the right digit:

        y[b, i] = Σ_j (x[b, j] − w[i, j])²

    This model returns −y. Read as logits they are large for the right digit, and
    `SparseCategoricalCrossentropy(from_logits=True)` is y[label] + log Σ_i exp(−y[i]):
    the paper's discriminative criterion (eq. 9) without its constant e^−j.

    Weights, in this order; all but the last are trained:

        C1   kernel (5, 5, 1, 6), bias (6,)
        S2   coefficient (6,), bias (6,), at first 1/4 and 0
        C3   for each of the 16 maps: kernel (5, 5, n, 1), bias (1,); it sees n maps
        S4   coefficient (16,), bias (16,), at first 1/4 and 0
        C5   kernel (5, 5, 16, 120), bias (120,)
        F6   kernel (120, 84), bias (84,)
        codes (10, 84), in a layer of their own: Keras lists what a model itself owns
              before the weights of its layers

    Args:
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, 32, 32, 1)`, floating point; −0.1 for paper and 1.175 for ink
        give a mean near 0 and a variance near 1.
    Output shape: `(B, 10)`.

    Raises:
        ValueError: When called on images of another size.

    Reference: https://doi.org/10.1109/5.726791, section II.B, Table I, figure 3.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        ### BEGIN SOLUTION the layers C1 to F6 and the distances, each with this dtype
        self.c1 = Conv2D(6, 5, activation=squash, dtype=dtype)
        self.s2 = Subsampling(dtype=dtype)
        self.seen = seen_by_c3()
        self.c3 = [Conv2D(1, 5, activation=squash, dtype=dtype) for _ in self.seen]
        self.s4 = Subsampling(dtype=dtype)
        self.c5 = Conv2D(120, 5, activation=squash, dtype=dtype)
        self.f6 = Dense(84, activation=squash, dtype=dtype)
        self.distances = SquaredDistances(dtype=dtype)
        ### END SOLUTION

    def build(self, input_shape):
        ### BEGIN SOLUTION build each layer on the shape that reaches it
        self.c1.build((None, 32, 32, 1))
        self.s2.build((None, 28, 28, 6))
        for convolve, seen in zip(self.c3, self.seen, strict=True):
            convolve.build((None, 14, 14, len(seen)))
        self.s4.build((None, 10, 10, 16))
        self.c5.build((None, 5, 5, 16))
        self.f6.build((None, 120))
        self.distances.build((None, 84))
        ### END SOLUTION

    def call(self, inputs):
        if tuple(inputs.shape[1:]) != (32, 32, 1):
            raise ValueError(
                "LeNet-5 reads images of shape (B, 32, 32, 1); got "
                f"{tuple(inputs.shape)}."
            )
        ### BEGIN SOLUTION from C1 to the negative distances
        x = self.c1(inputs)  # (B, 28, 28, 6)
        x = self.s2(x)  # (B, 14, 14, 6)
        maps = [
            convolve(ops.take(x, seen, axis=-1))
            for convolve, seen in zip(self.c3, self.seen, strict=True)
        ]
        x = ops.concatenate(maps, axis=-1)  # (B, 10, 10, 16)
        x = self.s4(x)  # (B, 5, 5, 16)
        x = self.c5(x)  # (B, 1, 1, 120)
        x = self.f6(x[:, 0, 0])  # (B, 84)
        return -self.distances(x)  # (B, 10)
        ### END SOLUTION

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 10)
