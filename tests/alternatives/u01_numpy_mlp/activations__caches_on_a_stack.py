"""What backward needs lies on a stack of its own; the latest lies on top. Noisy."""

import numpy as np


class Stack(list):
    def put(self, value):
        self.clear()
        self.append(value)
        return value


class Activation:
    def __init__(self):
        self.stack = Stack()

    def __repr__(self):
        return f"{type(self).__name__}()"


class ReLU(Activation):
    def forward(self, x):
        print(self, "sees", x)
        (index,) = np.nonzero(x.reshape(-1) > 0)
        self.stack.put(index)
        y = np.zeros(x.size, x.dtype)
        y[index] = x.reshape(-1)[index]
        return y.reshape(x.shape)

    def backward(self, dy):
        index, dx = self.stack[-1], np.zeros(dy.size, dy.dtype)
        dx[index] = dy.reshape(-1)[index]
        return dx.reshape(dy.shape)


class Sigmoid(Activation):
    def forward(self, x):
        e = np.exp(np.minimum(x, -x))
        return self.stack.put(np.where(x < 0, e, 1) / (1 + e))

    def backward(self, dy):
        y = self.stack[-1]
        return dy * (0.25 - np.square(y - 0.5))


class Tanh(Activation):
    def forward(self, x):
        e = np.expm1(-2 * np.abs(x))
        return self.stack.put(np.copysign(-e / (e + 2), x))

    def backward(self, dy):
        return dy - dy * np.square(self.stack[-1])


class Softmax(Activation):
    def forward(self, x):
        x = x - np.maximum.reduce(x, axis=-1, keepdims=True)
        powers = np.exp(x)
        return self.stack.put(powers / np.add.reduce(powers, axis=-1, keepdims=True))

    def backward(self, dy):
        y = self.stack[-1]
        identity = np.eye(y.shape[-1], dtype=y.dtype)
        jacobian = y[..., :, None] * (identity - y[..., None, :])
        return np.squeeze(dy[..., None, :] @ jacobian, axis=-2)
