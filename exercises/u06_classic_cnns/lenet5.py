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
    raise NotImplementedError("Equation 6.")


def seen_by_c3():
    """For each map of C3, the maps of S2 that it sees, ascending: 16 lists of numbers.

    The first is [0, 1, 2], the last is [0, 1, 2, 3, 4, 5].
    """
    raise NotImplementedError("Read TABLE_1 column by column.")


class Subsampling(keras.Layer):
    """Sums 2×2 neighbours, weighs the sum, squashes: (B, H, W, C) → (B, H/2, W/2, C).

        y[b, i, j, c] = f(bias[c] + coefficient[c] · Σ_{p, q < 2} x[b, 2i+p, 2j+q, c])

    It starts as an average: coefficients 1/4, biases 0.
    """

    def build(self, input_shape):
        raise NotImplementedError("One coefficient and one bias for each map.")

    def call(self, inputs):
        raise NotImplementedError("The four neighbours, their sum, the squashing.")


class SquaredDistances(keras.Layer):
    """How far each state is from each digit's code: (B, 84) → (B, 10).

    y[b, i] = Σ_j (x[b, j] − codes[i, j])²                              (eq. 7)
    """

    def build(self, input_shape):
        raise NotImplementedError(
            "The codes of bitmaps.digits(), a weight that is not trained."
        )

    def call(self, inputs):
        raise NotImplementedError("Equation 7.")


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
        raise NotImplementedError(
            "The layers C1 to F6 and the distances, each with this dtype."
        )

    def build(self, input_shape):
        raise NotImplementedError("Build each layer on the shape that reaches it.")

    def call(self, inputs):
        if tuple(inputs.shape[1:]) != (32, 32, 1):
            raise ValueError(
                "LeNet-5 reads images of shape (B, 32, 32, 1); got "
                f"{tuple(inputs.shape)}."
            )
        raise NotImplementedError("From C1 to the negative distances.")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 10)
