"""A tensor that remembers how it was computed (Linnainmaa, 1970).

Every operation gives a new Tensor, which holds its value, the tensors that it was
computed from, and a rule: ∂L/∂output → ∂L/∂input, one for each input. These rules are
all that differentiation needs to know. Walking over them is the next exercise.
"""

import numpy as np

from course.numpy_parts import backward


def unbroadcast(gradient, shape):
    """Undoes broadcasting: the gradient of an array that had `shape` before it.

    NumPy adds axes in front and stretches axes of length 1, so that one number is used
    many times. Its gradient is the sum of the gradients at all of these places.

    Args:
        gradient: An array of a shape that `shape` can be broadcast to.
        shape: A tuple, the shape of the result.
    """
    ### BEGIN SOLUTION the sum over the axes that broadcasting has added or stretched
    added = gradient.ndim - len(shape)
    stretched = [k for k, length in enumerate(shape, start=added) if length == 1]
    return gradient.sum(axis=(*range(added), *stretched)).reshape(shape)
    ### END SOLUTION


class Tensor:
    """An array of floating-point numbers, and how it was computed.

        z = x · y   is   Tensor(data, inputs=(x, y), rule)   with
        rule(∂L/∂z) = (∂L/∂z · y, ∂L/∂z · x)

    In every operation the other operand may be a Tensor, an array or a number, and
    shapes broadcast as in NumPy. A gradient has the shape of what it belongs to.

    Args:
        data: The values. Integers become float64; float32 stays float32.
        inputs: The tensors that it was computed from; none for a leaf.
        rule: A function from ∂L/∂self to a tuple, ∂L/∂input for each of the inputs, in
            their order. None for a leaf.

    Attributes:
        data, inputs, rule: As given; `data` is an array.
        gradient: ∂L/∂self, an array of the same shape. None before `backward`.
    """

    __array_ufunc__ = None  # array + tensor is left to __radd__

    def __init__(self, data, inputs=(), rule=None):
        data = np.asarray(data)
        self.data = data if data.dtype.kind == "f" else data.astype("float64")
        self.inputs, self.rule = tuple(inputs), rule
        self.gradient = None

    @property
    def shape(self):
        return self.data.shape

    def __repr__(self):
        return f"Tensor({self.data})"

    def backward(self, gradient=None):
        """Fills in `gradient` here and in every tensor that this one was computed from.

        Args:
            gradient: ∂L/∂self. May be left out for a single number: 1.
        """
        backward(self, gradient)

    def _tensor(self, other):
        """`other` as a Tensor; what isn't one yet takes the dtype of this one."""
        if isinstance(other, Tensor):
            return other
        return Tensor(np.asarray(other, self.data.dtype))

    # Arithmetic

    def __add__(self, other):
        """z = x + y."""
        other = self._tensor(other)
        ### BEGIN SOLUTION a Tensor with its value, inputs and rule
        return Tensor(
            self.data + other.data,
            (self, other),
            lambda dz: (unbroadcast(dz, self.shape), unbroadcast(dz, other.shape)),
        )
        ### END SOLUTION

    def __mul__(self, other):
        """z = x · y, number by number."""
        other = self._tensor(other)
        ### BEGIN SOLUTION a Tensor with its value, inputs and rule
        return Tensor(
            self.data * other.data,
            (self, other),
            lambda dz: (
                unbroadcast(dz * other.data, self.shape),
                unbroadcast(dz * self.data, other.shape),
            ),
        )
        ### END SOLUTION

    def __pow__(self, exponent):
        """z = xⁿ, where n is a number and no Tensor."""
        if isinstance(exponent, Tensor):
            raise TypeError("The exponent must be a number; got a Tensor.")
        ### BEGIN SOLUTION a Tensor with its value, input and rule
        slope = exponent * self.data ** (exponent - 1.0)
        return Tensor(self.data**exponent, (self,), lambda dz: (dz * slope,))
        ### END SOLUTION

    def __sub__(self, other):
        """z = x − y."""
        other = self._tensor(other)
        ### BEGIN SOLUTION a new Tensor, or what there is already
        return self + -other
        ### END SOLUTION

    def __truediv__(self, other):
        """z = x / y, number by number."""
        other = self._tensor(other)
        ### BEGIN SOLUTION a new Tensor, or what there is already
        return self * other**-1.0
        ### END SOLUTION

    def __matmul__(self, other):
        """z = x @ y: (…, n, k) @ (…, k, m) → (…, n, m); the axes before broadcast."""
        other = self._tensor(other)
        if min(self.data.ndim, other.data.ndim) < 2:
            raise ValueError(
                f"@ takes matrices or stacks of them; got {self.shape} @ {other.shape}."
            )
        ### BEGIN SOLUTION a Tensor with its value, inputs and rule
        turned_x, turned_y = (t.data.swapaxes(-1, -2) for t in (self, other))
        return Tensor(
            self.data @ other.data,
            (self, other),
            lambda dz: (
                unbroadcast(dz @ turned_y, self.shape),
                unbroadcast(turned_x @ dz, other.shape),
            ),
        )
        ### END SOLUTION

    def __neg__(self):
        return self * -1.0

    def __radd__(self, other):
        return self._tensor(other) + self

    def __rmul__(self, other):
        return self._tensor(other) * self

    def __rsub__(self, other):
        return self._tensor(other) - self

    def __rtruediv__(self, other):
        return self._tensor(other) / self

    def __rmatmul__(self, other):
        return self._tensor(other) @ self

    # Functions of every single number

    def exp(self):
        """z = eˣ."""
        ### BEGIN SOLUTION a Tensor with its value, input and rule
        z = np.exp(self.data)
        return Tensor(z, (self,), lambda dz: (dz * z,))
        ### END SOLUTION

    def log(self):
        """z = log x, the natural logarithm."""
        ### BEGIN SOLUTION a Tensor with its value, input and rule
        return Tensor(np.log(self.data), (self,), lambda dz: (dz / self.data,))
        ### END SOLUTION

    def relu(self):
        """z = max(x, 0). The slope is 1 where x > 0, otherwise 0."""
        ### BEGIN SOLUTION a Tensor with its value, input and rule
        z = np.maximum(self.data, 0.0)
        return Tensor(z, (self,), lambda dz: (dz * (self.data > 0),))
        ### END SOLUTION

    # Sums

    def sum(self, axis=None, keepdims=False):
        """The sum over an axis, a tuple of axes or, with None, over all of them."""
        ### BEGIN SOLUTION a Tensor with its value, input and rule
        z = self.data.sum(axis=axis, keepdims=keepdims)

        def rule(dz):
            if axis is not None and not keepdims:
                dz = np.expand_dims(dz, axis)
            return (np.broadcast_to(dz, self.shape),)

        return Tensor(z, (self,), rule)
        ### END SOLUTION

    def mean(self, axis=None, keepdims=False):
        """The mean over an axis, a tuple of axes or, with None, over all of them."""
        ### BEGIN SOLUTION a new Tensor, or what there is already
        total = self.sum(axis, keepdims)
        return total * (total.data.size / self.data.size)
        ### END SOLUTION

    # The same numbers, arranged otherwise

    def reshape(self, *shape):
        """`x.reshape(2, 3)`: the same numbers in another shape; one length may be -1."""
        ### BEGIN SOLUTION a Tensor with its value, input and rule
        z = self.data.reshape(shape)
        return Tensor(z, (self,), lambda dz: (dz.reshape(self.shape),))
        ### END SOLUTION

    def transpose(self, *axes):
        """`x.transpose(1, 2, 0)`: axis k of z is axis axes[k] of x. None: reversed."""
        ### BEGIN SOLUTION a Tensor with its value, input and rule
        axes = [axis % self.data.ndim for axis in axes or range(self.data.ndim)[::-1]]
        way_back = np.argsort(axes)
        z = self.data.transpose(axes)
        return Tensor(z, (self,), lambda dz: (dz.transpose(way_back),))
        ### END SOLUTION

    def __getitem__(self, key):
        """`x[key]`, with every kind of key that NumPy has: numbers, slices, arrays, …

        A key that is an array may name a place of x more than once.
        """

        ### BEGIN SOLUTION a Tensor with its value, input and rule
        def rule(dz):
            dx = np.zeros_like(self.data)
            np.add.at(dx, key, dz)
            return (dx,)

        return Tensor(self.data[key], (self,), rule)
        ### END SOLUTION
