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
    raise NotImplementedError(
        "The sum over the axes that broadcasting has added or stretched."
    )


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
        raise NotImplementedError("A Tensor with its value, inputs and rule.")

    def __mul__(self, other):
        """z = x · y, number by number."""
        other = self._tensor(other)
        raise NotImplementedError("A Tensor with its value, inputs and rule.")

    def __pow__(self, exponent):
        """z = xⁿ, where n is a number and no Tensor."""
        if isinstance(exponent, Tensor):
            raise TypeError("The exponent must be a number; got a Tensor.")
        raise NotImplementedError("A Tensor with its value, input and rule.")

    def __sub__(self, other):
        """z = x − y."""
        other = self._tensor(other)
        raise NotImplementedError("A new Tensor, or what there is already.")

    def __truediv__(self, other):
        """z = x / y, number by number."""
        other = self._tensor(other)
        raise NotImplementedError("A new Tensor, or what there is already.")

    def __matmul__(self, other):
        """z = x @ y: (…, n, k) @ (…, k, m) → (…, n, m); the axes before broadcast."""
        other = self._tensor(other)
        if min(self.data.ndim, other.data.ndim) < 2:
            raise ValueError(
                f"@ takes matrices or stacks of them; got {self.shape} @ {other.shape}."
            )
        raise NotImplementedError("A Tensor with its value, inputs and rule.")

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
        raise NotImplementedError("A Tensor with its value, input and rule.")

    def log(self):
        """z = log x, the natural logarithm."""
        raise NotImplementedError("A Tensor with its value, input and rule.")

    def relu(self):
        """z = max(x, 0). The slope is 1 where x > 0, otherwise 0."""
        raise NotImplementedError("A Tensor with its value, input and rule.")

    # Sums

    def sum(self, axis=None, keepdims=False):
        """The sum over an axis, a tuple of axes or, with None, over all of them."""
        raise NotImplementedError("A Tensor with its value, input and rule.")

    def mean(self, axis=None, keepdims=False):
        """The mean over an axis, a tuple of axes or, with None, over all of them."""
        raise NotImplementedError("A new Tensor, or what there is already.")

    # The same numbers, arranged otherwise

    def reshape(self, *shape):
        """`x.reshape(2, 3)`: the same numbers in another shape; one length may be -1."""
        raise NotImplementedError("A Tensor with its value, input and rule.")

    def transpose(self, *axes):
        """`x.transpose(1, 2, 0)`: axis k of z is axis axes[k] of x. None: reversed."""
        raise NotImplementedError("A Tensor with its value, input and rule.")

    def __getitem__(self, key):
        """`x[key]`, with every kind of key that NumPy has: numbers, slices, arrays, …

        A key that is an array may name a place of x more than once.
        """

        raise NotImplementedError("A Tensor with its value, input and rule.")
