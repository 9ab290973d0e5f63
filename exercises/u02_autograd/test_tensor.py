"""Public checks of Tensor. The oracles are NumPy and finite differences of it.

`Tensor.backward` is driven by `course.numpy_parts.backward`, not by your own. An
operator is called by its function: `operator.add(x, y)` is x + y.
"""

import numpy as np
import pytest


def slopes(function, arrays, step=1e-5):
    """∂function(*arrays)/∂arrays by central differences, one number after the other."""
    gradients = [np.zeros(array.shape) for array in arrays]
    for k, gradient in enumerate(gradients):
        for place in np.ndindex(gradient.shape):
            up, down = ([a.copy() for a in arrays] for _ in range(2))
            up[k][place] += step
            down[k][place] -= step
            gradient[place] = (function(*up) - function(*down)) / (2 * step)
    return gradients


def judge(close, rng, tensors, result, function):
    """`result` against `function` of the tensors' arrays: its value and its gradients."""
    arrays = [np.asarray(tensor.data) for tensor in tensors]
    value = np.asarray(function(*arrays))
    close(result.data, value, "the value")
    upstream = rng.normal(size=value.shape)
    result.backward(upstream)
    expected = slopes(lambda *arrays: np.sum(upstream * function(*arrays)), arrays)
    for k, (tensor, gradient) in enumerate(zip(tensors, expected, strict=True)):
        name = f"gradient of operand {k + 1}" if len(tensors) > 1 else "gradient of x"
        close(tensor.gradient, gradient, name, category="wrong_gradient")


def tensors_of(student, rng, *shapes):
    """Tensors of numbers between 0.5 and 2, a sign before every second one."""
    arrays = [rng.uniform(0.5, 2, size=shape) for shape in shapes]
    return [
        student.Tensor(array * rng.choice([-1, 1], array.shape)) for array in arrays
    ]


BROADCAST = {
    "equal": ((2, 3), (2, 3)),
    "an axis in front": ((4, 2, 3), (2, 3)),
    "a stretched column": ((2, 1), (2, 3)),
    "a stretched row": ((2, 3), (1, 3)),
    "both": ((4, 1, 3), (2, 1)),
    "a single number": ((), (3, 2)),
}
FORMULAS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "truediv": lambda x, y: x / y,
}


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "shape", [(3,), (2, 3), (1, 3), (2, 1), (1, 1), (4, 1, 3), (1,), ()]
)
def test_unbroadcast_sums_what_broadcasting_has_repeated(student, rng, close, shape):
    dz = rng.normal(size=(4, 2, 3))
    expected = np.zeros(shape)
    places = np.broadcast_to(np.arange(expected.size).reshape(shape), dz.shape)
    for place in np.ndindex(dz.shape):
        expected.flat[places[place]] += dz[place]
    close(student.unbroadcast(dz, shape), expected, "the gradient of the smaller array",
          category="wrong_gradient")  # fmt: skip


@pytest.mark.points(2)
@pytest.mark.parametrize("name", FORMULAS)
def test_arithmetic_of_equal_shapes(student, rng, close, name):
    x, y = tensors_of(student, rng, (2, 3), (2, 3))
    z = student.imported(f"operator.{name}")(x, y)
    judge(close, rng, (x, y), z, FORMULAS[name])


@pytest.mark.points(2)
@pytest.mark.parametrize("shapes", BROADCAST.values(), ids=BROADCAST)
@pytest.mark.parametrize("name", ["add", "mul"])
def test_arithmetic_broadcasts(student, rng, close, name, shapes):
    x, y = tensors_of(student, rng, *shapes)
    z = student.imported(f"operator.{name}")(x, y)
    judge(close, rng, (x, y), z, FORMULAS[name])


@pytest.mark.parametrize("name", FORMULAS)
def test_arithmetic_with_a_plain_number(student, rng, close, name):
    (x,) = tensors_of(student, rng, (2, 3))
    function, formula = student.imported(f"operator.{name}"), FORMULAS[name]
    judge(close, rng, (x,), function(x, 2.5), lambda x: formula(x, 2.5))
    judge(close, rng, (x,), function(2.5, x), lambda x: formula(2.5, x))


@pytest.mark.parametrize("exponent", [3, -2.0, 0.5])
def test_powers(student, rng, close, exponent):
    x = student.Tensor(rng.uniform(0.5, 2, size=(2, 3)))
    z = student.imported("operator.pow")(x, exponent)
    judge(close, rng, (x,), z, lambda x: x**exponent)


@pytest.mark.points(2)
def test_matrix_product(student, rng, close):
    x, y = tensors_of(student, rng, (2, 3), (3, 4))
    z = student.imported("operator.matmul")(x, y)
    judge(close, rng, (x, y), z, lambda x, y: np.einsum("nk,km->nm", x, y))


@pytest.mark.parametrize("shapes", [((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 1))])
def test_matrix_product_of_a_stack(student, rng, close, shapes):
    x, y = tensors_of(student, rng, *shapes)
    z = student.imported("operator.matmul")(x, y)
    judge(close, rng, (x, y), z, lambda x, y: np.einsum("...nk,...km->...nm", x, y))


@pytest.mark.parametrize("name", ["exp", "log", "relu"])
def test_functions_of_every_number(student, rng, close, name):
    numpys = {"exp": np.exp, "log": np.log, "relu": lambda x: np.where(x > 0, x, 0)}
    (x,) = tensors_of(student, rng, (2, 3))
    if name == "log":
        x = student.Tensor(rng.uniform(0.5, 2, size=(2, 3)))
    judge(close, rng, (x,), getattr(x, name)(), numpys[name])


@pytest.mark.points(2)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2)])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sums_and_means(student, rng, close, name, axis, keepdims):
    (x,) = tensors_of(student, rng, (2, 3, 4))
    z = getattr(x, name)(axis=axis, keepdims=keepdims)
    numpys = getattr(np, name)
    judge(close, rng, (x,), z, lambda x: numpys(x, axis=axis, keepdims=keepdims))


def test_reshape(student, rng, close):
    (x,) = tensors_of(student, rng, (2, 3, 4))
    judge(close, rng, (x,), x.reshape(4, -1), lambda x: np.reshape(x, (4, 6)))


@pytest.mark.parametrize("axes", [(), (1, 2, 0), (0, 2, 1)], ids=str)
def test_transpose(student, rng, close, axes):
    (x,) = tensors_of(student, rng, (2, 3, 4))
    judge(close, rng, (x,), x.transpose(*axes), lambda x: np.transpose(x, axes or None))


def test_indexing_with_a_number(student, rng, close):
    (x,) = tensors_of(student, rng, (4, 3))
    judge(close, rng, (x,), x[2], lambda x: x[2])


def test_indexing_adds_up_what_is_taken_more_than_once(student, rng, close):
    (x,) = tensors_of(student, rng, (4, 3))
    rows = np.array([2, 0, 2, 3, 2])
    judge(close, rng, (x,), x[rows], lambda x: x[rows])


@pytest.mark.points(2)
def test_gradients_of_an_expression_with_many_uses(student, rng, close):
    add, multiply = (student.imported(f"operator.{name}") for name in ("add", "mul"))
    x, y = tensors_of(student, rng, (2, 3), (3,))
    z = multiply(add(multiply(x, x), y), multiply(x, y.exp()))
    judge(close, rng, (x, y), z, lambda x, y: (x * x + y) * x * np.exp(y))


@pytest.mark.points(2)
def test_gradients_of_a_whole_network(student, rng, close):
    add, matmul = (student.imported(f"operator.{name}") for name in ("add", "matmul"))
    shapes = (5, 3), (3, 4), (4,), (4, 2), (2,)
    tensors = x, kernel_1, bias_1, kernel_2, bias_2 = tensors_of(student, rng, *shapes)
    hidden = add(matmul(x, kernel_1), bias_1).relu()
    loss = student.imported("operator.pow")(add(matmul(hidden, kernel_2), bias_2), 2)
    judge(close, rng, tensors, loss.mean(), mean_square)


def mean_square(x, kernel_1, bias_1, kernel_2, bias_2):
    hidden = np.maximum(np.einsum("bi,iu->bu", x, kernel_1) + bias_1, 0)
    return np.mean((np.einsum("bi,iu->bu", hidden, kernel_2) + bias_2) ** 2)
