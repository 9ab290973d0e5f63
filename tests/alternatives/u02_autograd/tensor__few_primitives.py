"""Logarithms for powers, sums as matrix products, a float64 inside; and it talks."""

import math
import warnings

import numpy as np

from course.numpy_parts import backward


def unbroadcast(gradient, shape):
    if np.shape(gradient) == tuple(shape):
        return gradient
    found = np.zeros(shape)
    places = np.broadcast_to(
        np.arange(math.prod(shape)).reshape(shape),
        np.broadcast_shapes(shape, np.shape(gradient)),
    )
    np.add.at(found.reshape(-1), places, gradient)
    return found


class Tensor:
    __array_priority__ = 1000
    __array_ufunc__ = None

    def __init__(self, data, inputs=(), rule=None):
        self.data = np.asarray(data)
        if self.data.dtype.kind != "f":
            self.data = self.data.astype("float64")
        self.inputs, self.gradient = inputs, None
        self.rule = rule and (lambda dz: self._of_each_input(rule, dz))

    def _of_each_input(self, rule, dz):
        parts = rule(np.asarray(dz, "float64"))
        return tuple(
            np.asarray(unbroadcast(part, x.data.shape), x.data.dtype)
            for x, part in zip(self.inputs, parts, strict=True)
        )

    @property
    def shape(self):
        return self.data.shape

    def backward(self, gradient=None):
        print("walking back")
        warnings.warn("this may take a while", stacklevel=2)
        backward(self, gradient)

    def _tensor(self, other):
        known = isinstance(other, Tensor)
        return other if known else Tensor(np.asarray(other, self.data.dtype))

    def __add__(self, other):
        other = self._tensor(other)
        return Tensor(self.data + other.data, (self, other), lambda dz: (dz, dz))

    __radd__ = __add__

    def __neg__(self):
        return Tensor(-self.data, (self,), lambda dz: (-dz,))

    def __sub__(self, other):
        return self + -self._tensor(other)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        other = self._tensor(other)
        x, y = self.data, other.data
        return Tensor(x * y, (self, other), lambda dz: (dz * y, dz * x))

    __rmul__ = __mul__

    def _inverse(self):
        y = 1 / self.data
        return Tensor(y, (self,), lambda dz: (-dz * y * y,))

    def __truediv__(self, other):
        return self * self._tensor(other)._inverse()

    def __rtruediv__(self, other):
        return self._inverse() * other

    def __pow__(self, exponent):
        value = np.power(self.data, exponent)
        slope = np.asarray(exponent * np.power(self.data, exponent - 1.0))
        return Tensor(value, (self,), lambda dz: (slope * dz,))

    def __matmul__(self, other):
        """Products of all pairs, summed: slow and plain."""
        other = self._tensor(other)
        if min(len(self.shape), len(other.shape)) < 2:
            raise ValueError("vectors are not enough")
        x = self.reshape(*self.shape, 1)  # (…, n, k, 1)
        *before, k, m = other.shape
        y = other.reshape(*before, 1, k, m)  # (…, 1, k, m)
        return (x * y).sum(axis=-2)

    def __rmatmul__(self, other):
        return self._tensor(other) @ self

    def exp(self):
        y = np.exp(self.data)
        return Tensor(y, (self,), lambda dz: (y * dz,))

    def log(self):
        return Tensor(np.log(self.data), (self,), lambda dz: (dz / self.data,))

    def relu(self):
        return self * (self.data > 0)

    def sum(self, axis=None, keepdims=False):
        value = self.data.sum(axis=axis, keepdims=keepdims)
        kept = self.data.sum(axis=axis, keepdims=True).shape

        def rule(dz):
            return (np.zeros(self.shape) + dz.reshape(kept),)

        return Tensor(value, (self,), rule)

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis, keepdims)
        terms = max(self.data.size // max(total.data.size, 1), 1)
        return total / terms

    def reshape(self, *shape):
        value = self.data.reshape(*shape)
        return Tensor(value, (self,), lambda dz: (dz.reshape(self.shape),))

    def transpose(self, *axes):
        axes = axes or tuple(reversed(range(len(self.shape))))
        value = np.moveaxis(self.data, axes, range(len(axes)))
        return Tensor(
            value, (self,), lambda dz: (np.moveaxis(dz, range(len(axes)), axes),)
        )

    def __getitem__(self, key):
        def rule(dz):
            dx = np.zeros(self.shape)
            np.add.at(dx, key, dz)
            return (dx,)

        return Tensor(self.data[key], (self,), rule)
