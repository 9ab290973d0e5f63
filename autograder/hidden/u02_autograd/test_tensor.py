"""Hidden checks of Tensor: precision, constants, keys, negative axes, deep graphs."""

import numpy as np
import pytest


def slopes(function, array, step=1e-5):
    """∂function(array)/∂array by central differences, one number after the other."""
    gradient = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        nudge = np.zeros(array.shape)
        nudge[place] = step
        rise = function(array + nudge) - function(array - nudge)
        gradient[place] = rise / (2 * step)
    return gradient


def judge(close, rng, x, array, z, function):
    """The value of `z` and the gradient of `x`."""
    value = np.asarray(function(array))
    close(z.data, value, "the value")
    upstream = rng.normal(size=value.shape)
    z.backward(upstream)
    expected = slopes(lambda array: np.sum(upstream * function(array)), array)
    close(x.gradient, expected, "gradient of x", category="wrong_gradient")


def made(student, rng, shape):
    """A tensor of numbers between 0.5 and 2, and its array."""
    array = rng.uniform(0.5, 2, size=shape)
    return student.Tensor(array), array


def key_of(student, key):
    """A key with its slices made on the submission's side; only plain values cross."""
    if isinstance(key, slice):
        return student.imported("builtins.slice")(key.start, key.stop, key.step)
    if key is Ellipsis:
        return student.imported("builtins.Ellipsis")
    return tuple(key_of(student, k) for k in key) if isinstance(key, tuple) else key


KEYS = {
    "a slice": np.s_[1:],
    "a step backwards": np.s_[::-2],
    "two axes": np.s_[:, 1:],
    "the last axis": np.s_[..., 0],
    "a new axis": np.s_[:, None, 2],
    "one number": (3, 1),
    "pairs": (np.array([0, 3, 0]), np.array([1, 2, 1])),
    "a mask": np.array([[True, False, True]] * 2 + [[False, False, True]] * 2),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_keys_of_all_kinds(student, rng, close, key):
    x, array = made(student, rng, (4, 3))
    z = student.imported("operator.getitem")(x, key_of(student, key))
    judge(close, rng, x, array, z, lambda array: array[key])


@pytest.mark.parametrize("axes", [(-1, 0, 1), (1, -1, 0)], ids=str)
def test_transpose_with_negative_axes(student, rng, close, axes):
    x, array = made(student, rng, (2, 3, 4))
    z = x.transpose(*axes)
    judge(close, rng, x, array, z, lambda array: np.transpose(array, axes))


@pytest.mark.parametrize("axis", [-1, -2, (-1, 0)])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_reductions_over_negative_axes_of_a_cube(student, rng, close, name, axis):
    x, array = made(student, rng, (3, 3, 3))
    z = getattr(x, name)(axis=axis)
    judge(close, rng, x, array, z, lambda array: getattr(np, name)(array, axis=axis))


@pytest.mark.parametrize("name", ["sub", "truediv"])
@pytest.mark.parametrize("shapes", [((2, 1, 3), (4, 1)), ((3,), (2, 3)), ((1, 1), ())])
def test_differences_and_quotients_broadcast(student, rng, close, name, shapes):
    function = {"sub": np.subtract, "truediv": np.divide}[name]
    (x, a), (y, b) = (made(student, rng, shape) for shape in shapes)
    z = student.imported(f"operator.{name}")(x, y)
    judge(close, rng, x, a, z, lambda a: function(a, b))
    judge(close, rng, y, b, z, lambda b: function(a, b))


@pytest.mark.parametrize("shapes", [((1, 2, 3), (5, 3, 3)), ((4, 1, 2, 2), (3, 2, 1))])
def test_stacks_of_matrices_broadcast(student, rng, close, shapes):
    (x, a), (y, b) = (made(student, rng, shape) for shape in shapes)
    z = student.imported("operator.matmul")(x, y)
    judge(close, rng, x, a, z, lambda a: np.einsum("...nk,...km->...nm", a, b))
    judge(close, rng, y, b, z, lambda b: np.einsum("...nk,...km->...nm", a, b))


def test_relu_has_the_slope_0_at_0(student, rng, close):
    x = student.Tensor(np.array([-1.5, 0.0, 2.5]))
    upstream = rng.uniform(1, 2, size=3)
    z = x.relu()
    close(z.data, np.array([0.0, 0.0, 2.5]), "the value")
    z.backward(upstream)
    close(x.gradient, upstream * [0, 0, 1], "gradient of x", category="wrong_gradient")


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_float32_and_a_number_stay_float32(student, rng, close, name):
    array = rng.uniform(0.5, 2, size=(2, 3)).astype("float32")
    function = {"pow": np.power, "sub": np.subtract}.get(name) or {
        "add": np.add, "mul": np.multiply, "truediv": np.divide}[name]  # fmt: skip
    x = student.Tensor(array)
    z = student.imported(f"operator.{name}")(x, 3.0)
    close(z.data, function(array, np.float32(3)), "the value")
    z.backward(np.ones((2, 3), "float32"))
    wide = array.astype("float64")
    expected = slopes(lambda array: np.sum(function(array, 3.0)), wide)
    close(x.gradient, expected.astype("float32"), "gradient of x",
          category="wrong_gradient")  # fmt: skip


@pytest.mark.parametrize("name", ["exp", "log", "relu", "sum", "mean", "transpose"])
def test_functions_of_float32_stay_float32(student, rng, close, name):
    array = rng.uniform(0.5, 2, size=(2, 3)).astype("float32")
    numpys = {"exp": np.exp, "log": np.log, "relu": np.abs, "sum": np.sum,
              "mean": np.mean, "transpose": np.transpose}  # fmt: skip
    x = student.Tensor(array)
    z = getattr(x, name)()
    value = numpys[name](array)
    close(z.data, value, "the value")
    z.backward(np.ones(value.shape, "float32"))
    wide = array.astype("float64")
    expected = slopes(lambda array: np.sum(numpys[name](array)), wide)
    close(x.gradient, expected.astype("float32"), "gradient of x",
          category="wrong_gradient")  # fmt: skip


@pytest.mark.parametrize("name", ["add", "matmul"])
def test_an_array_on_the_left(student, rng, close, name):
    array = rng.normal(size=(4, 2))
    x, values = made(student, rng, (2, 2) if name == "matmul" else (1, 2))
    function = {"add": np.add, "matmul": lambda a, b: np.einsum("nk,km->nm", a, b)}[
        name
    ]
    z = student.imported(f"operator.{name}")(array, x)
    judge(close, rng, x, values, z, lambda values: function(array, values))


def test_softmax_made_of_the_operations(student, rng, close):
    x, array = made(student, rng, (2, 4))
    powers = x.exp()
    quotient = student.imported("operator.truediv")
    z = quotient(powers, powers.sum(axis=1, keepdims=True))
    judge(close, rng, x, array, z, lambda a: np.exp(a) / np.exp(a).sum(1)[:, None])


def test_operations_leave_their_operands_as_they_are(student, rng, close):
    x, array = made(student, rng, (2, 3))
    y, other = made(student, rng, (3,))
    multiply, subtract = (student.imported(f"operator.{n}") for n in ("mul", "sub"))
    z = subtract(multiply(x, y), x.exp().relu())
    upstream = rng.normal(size=(2, 3))
    kept = upstream.copy()
    _, after = student.arguments_after(student.Tensor.backward, z, upstream)
    close(x.data, array, "x, afterwards")
    close(y.data, other, "y, afterwards")
    close(after, kept, "the gradient that was given, afterwards")
    close(y.gradient, (kept * array).sum(axis=0), "gradient of y",
          category="wrong_gradient")  # fmt: skip


def test_a_product_of_a_thousand_factors(student, rng, close):
    x, array = made(student, rng, (2,))
    factors = [float(factor) for factor in rng.uniform(0.99, 1.01, size=1000)]
    multiply = student.imported("operator.mul")
    z = student.imported("functools.reduce")(multiply, factors, x)
    close(z.data, array * np.prod(factors), "the value")
    z.backward(np.ones(2))
    close(x.gradient, np.full(2, np.prod(factors)), "gradient of x",
          category="wrong_gradient")  # fmt: skip
