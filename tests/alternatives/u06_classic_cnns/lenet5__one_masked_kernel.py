"""LeNet5 with all weights in one class; C3's kernels are dealt into one dense kernel."""

import keras
import numpy as np
from keras import ops

from course import bitmaps

RUNS = [[(m + s) % 6 for s in range(3)] for m in range(6)]
RUNS += [[(m + s) % 6 for s in range(4)] for m in range(6)]
RUNS += [[(m + s) % 6 for s in (0, 1, 3, 4)] for m in range(3)]
RUNS += [list(range(6))]
SEEN = [sorted(run) for run in RUNS]


def f(a):
    grown = ops.exp(4 / 3 * ops.clip(a, -40.0, 40.0))
    return 1.7159 * (1 - 2 / (grown + 1))  # tanh(u) = 1 − 2 / (e^2u + 1)


@keras.saving.register_keras_serializable(package="layerwise")
class LeNet5(keras.Model):
    def build(self, input_shape):
        self.c1 = self.pair("c1", (5, 5, 1, 6))
        self.s2 = self.pair("s2", (6,))
        self.c3 = [self.pair(f"c3_{m}", (5, 5, len(SEEN[m]), 1)) for m in range(16)]
        self.s4 = self.pair("s4", (16,))
        self.c5 = self.pair("c5", (5, 5, 16, 120))
        self.f6 = self.pair("f6", (120, 84))
        self.codes = self.add_weight(
            name="codes", shape=(10, 84), initializer=drawn, trainable=False
        )

    def pair(self, name, shape):
        quarter = keras.initializers.Constant(0.25)
        start = "glorot_uniform" if len(shape) > 1 else quarter
        kernel = self.add_weight(name=f"{name}_kernel", shape=shape, initializer=start)
        bias = self.add_weight(
            name=f"{name}_bias", shape=shape[-1:], initializer="zeros"
        )
        return kernel, bias

    def call(self, inputs):
        if inputs.shape[1:] != (32, 32, 1):
            raise ValueError(f"{inputs.shape} is no batch of 32×32 images")
        x = self.subsample(self.convolve(inputs, *self.c1), *self.s2)
        x = self.subsample(self.convolve(x, *self.dense_c3()), *self.s4)
        x = ops.squeeze(self.convolve(x, *self.c5), axis=(1, 2))
        kernel, bias = self.f6
        x = f(ops.einsum("bi,ij->bj", x, kernel) + bias)
        return -sum(
            (x[:, j, None] - ops.cast(self.codes[:, j], x.dtype)) ** 2
            for j in range(84)
        )

    def dense_c3(self):
        """The kernel (5, 5, 6, 16) with zeros where Table I has no X, and the biases."""
        columns = []
        for (kernel, _), seen in zip(self.c3, SEEN, strict=True):
            cells = ops.split(ops.convert_to_tensor(kernel), len(seen), axis=2)
            nothing = ops.zeros_like(cells[0])
            column = [cells[seen.index(k)] if k in seen else nothing for k in range(6)]
            columns.append(ops.concatenate(column, axis=2))
        biases = [ops.convert_to_tensor(bias) for _, bias in self.c3]
        return ops.concatenate(columns, axis=3), ops.concatenate(biases, axis=0)

    def convolve(self, x, kernel, bias):
        height, width = x.shape[1] - 4, x.shape[2] - 4
        total = bias
        for p in range(5):
            for q in range(5):
                seen = x[:, p : p + height, q : q + width]
                total = total + ops.einsum("bhwc,cf->bhwf", seen, kernel[p, q])
        return f(total)

    def subsample(self, x, coefficient, bias):
        sums = sum(x[:, p::2, q::2] for p in (0, 1) for q in (0, 1))
        return f(sums * coefficient + bias)


def drawn(shape, dtype=None):
    signs = 2 * bitmaps.digits().astype("int8") - 1
    return ops.convert_to_tensor(np.reshape(signs, shape), dtype=dtype)
