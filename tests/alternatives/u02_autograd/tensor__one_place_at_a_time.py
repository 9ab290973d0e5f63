"""Loops and index tables in place of NumPy's own ways; every operation has its rule."""

import numpy as np

from course.numpy_parts import backward


def unbroadcast(gradient, shape):
    gradient = np.asarray(gradient)
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, length in enumerate(shape):
        if gradient.shape[axis] != length:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, inputs=(), rule=None):
        data = np.asarray(data)
        self.data = data if data.dtype.kind == "f" else data.astype(float)
        self.inputs = list(inputs)
        self.rule = rule
        self.gradient = None

    @property
    def shape(self):
        return self.data.shape

    def backward(self, gradient=None):
        backward(self, gradient)

    def _tensor(self, other):
        if isinstance(other, Tensor):
            return other
        return Tensor(np.asarray(other, self.data.dtype))

    def _pair(self, other, value, slopes):
        """A result of two tensors; `slopes` are those of the value by each of them."""

        def rule(dz):
            pairs = zip((self, other), slopes, strict=True)
            return [unbroadcast(dz * slope, t.shape) for t, slope in pairs]

        return Tensor(value, (self, other), rule)

    def _single(self, value, slope):
        return Tensor(value, (self,), lambda dz: [dz * slope])

    def _taken(self, places):
        """The numbers at some places of the flattened array, in any shape."""

        def rule(dz):
            size = self.data.size
            found = np.bincount(np.ravel(places), np.ravel(dz), minlength=size)
            return [found.reshape(self.shape).astype(self.data.dtype)]

        return Tensor(self.data.ravel()[places], (self,), rule)

    def _places(self):
        return np.arange(self.data.size).reshape(self.shape)

    def __add__(self, other):
        other = self._tensor(other)
        return self._pair(other, self.data + other.data, (1, 1))

    def __sub__(self, other):
        other = self._tensor(other)
        return self._pair(other, self.data - other.data, (1, -1))

    def __mul__(self, other):
        other = self._tensor(other)
        return self._pair(other, self.data * other.data, (other.data, self.data))

    def __truediv__(self, other):
        other = self._tensor(other)
        x, y = self.data, other.data
        return self._pair(other, x / y, (1 / y, -x / y / y))

    def __pow__(self, exponent):
        x = self.data
        return self._single(x**exponent, exponent * x ** (exponent - 1.0))

    def __matmul__(self, other):
        other = self._tensor(other)
        x, y = self.data, other.data

        def rule(dz):
            dx = np.einsum("...nm,...km->...nk", dz, y)
            dy = np.einsum("...nk,...nm->...km", x, dz)
            return unbroadcast(dx, x.shape), unbroadcast(dy, y.shape)

        return Tensor(np.einsum("...nk,...km->...nm", x, y), (self, other), rule)

    def __neg__(self):
        return self._single(-self.data, -1)

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self._tensor(other) / self

    def __rmatmul__(self, other):
        return self._tensor(other) @ self

    def exp(self):
        return self._single(np.exp(self.data), np.exp(self.data))

    def log(self):
        return self._single(np.log(self.data), 1 / self.data)

    def relu(self):
        positive = (np.sign(self.data) + 1) // 2 * (self.data != 0)
        return self._single(self.data * positive, positive)

    def sum(self, axis=None, keepdims=False):
        kept = self.data.sum(axis=axis, keepdims=True)
        value = kept if keepdims else self.data.sum(axis=axis)
        ones = np.ones_like(self.data)
        return Tensor(value, (self,), lambda dz: [ones * np.reshape(dz, kept.shape)])

    def mean(self, axis=None, keepdims=False):
        one = self.data.dtype.type(1)
        share = one * np.size(self.data.sum(axis=axis)) / one / self.data.size
        share = self.data.dtype.type(share)
        return self.sum(axis, keepdims) * share

    def reshape(self, *shape):
        return self._taken(self._places().reshape(*shape))

    def transpose(self, *axes):
        return self._taken(self._places().transpose(*axes))

    def __getitem__(self, key):
        return self._taken(self._places()[key])
