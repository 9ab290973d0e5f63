"""Python's own floats and math, one number after the other."""

import math

import numpy as np


def each(function, *arrays):
    """`function` on the numbers at each place, as an array of the first one's dtype."""
    out = np.empty_like(arrays[0])
    for place in np.ndindex(out.shape):
        out[place] = function(*(float(array[place]) for array in arrays))
    return out


class ReLU:
    def forward(self, x):
        self.x = x.copy()
        return each(lambda v: max(v, 0.0), x)

    def backward(self, dy):
        return each(lambda d, v: d if v > 0 else 0.0, dy, self.x)


class Sigmoid:
    def forward(self, x):
        def one(v):
            if v < 0:
                return 1.0 - one(-v) if v > -20 else math.exp(max(v, -745.0))
            return 1.0 / (1.0 + math.exp(-v))

        self.y = each(one, x)
        return self.y

    def backward(self, dy):
        return each(lambda d, y: d * y * (1.0 - y), dy, self.y)


class Tanh:
    def forward(self, x):
        self.y = each(math.tanh, x)
        return self.y

    def backward(self, dy):
        return each(lambda d, y: d * (1.0 - y * y), dy, self.y)


class Softmax:
    def forward(self, x):
        self.y = np.empty_like(x)
        for place in np.ndindex(x.shape[:-1]):
            row = [float(v) for v in x[place]]
            powers = [math.exp(v - max(row)) for v in row]
            self.y[place] = [power / math.fsum(powers) for power in powers]
        return self.y

    def backward(self, dy):
        dx = np.empty_like(dy)
        for place in np.ndindex(dy.shape[:-1]):
            d, y = dy[place].tolist(), self.y[place].tolist()
            for j in range(len(y)):
                dx[place][j] = math.fsum(
                    d[k] * y[k] * ((k == j) - y[j]) for k in range(len(y))
                )
        return dx
