"""Hidden checks of Dense: precision, a batch of one, memory, its parameters."""

import numpy as np
import pytest


def by_einsum(x, kernel, bias, dy):
    """y and the three gradients."""
    return (
        np.einsum("bi,iu->bu", x, kernel) + bias,
        np.einsum("bu,iu->bi", dy, kernel),
        np.einsum("bi,bu->iu", x, dy),
        np.einsum("bu->u", dy),
    )


def judge(close, layer, x, kernel, bias, dy):
    y, dx, kernel_gradient, bias_gradient = by_einsum(x, kernel, bias, dy)
    close(layer.forward(x), y, "y")
    close(layer.backward(dy), dx, "∂L/∂x", category="wrong_gradient")
    close(layer.kernel_gradient, kernel_gradient, "∂L/∂kernel",
          category="wrong_gradient")  # fmt: skip
    close(layer.bias_gradient, bias_gradient, "∂L/∂bias", category="wrong_gradient")


def with_random_parameters(student, rng, inputs, units, **options):
    layer = student.Dense(inputs, units, **options)
    dtype = options.get("dtype", "float64")
    kernel = rng.normal(size=(inputs, units)).astype(dtype)
    bias = rng.normal(size=units).astype(dtype)
    layer.kernel, layer.bias = kernel, bias
    return layer, kernel, bias


@pytest.mark.parametrize("batch, inputs, units", [(1, 4, 3), (5, 1, 1), (3, 3, 3)])
def test_small_and_square_layers(student, rng, close, batch, inputs, units):
    layer, kernel, bias = with_random_parameters(student, rng, inputs, units)
    x, dy = rng.normal(size=(batch, inputs)), rng.normal(size=(batch, units))
    judge(close, layer, x, kernel, bias, dy)


def test_starts_at_random_and_computes_from_there(student, rng, close, equal):
    layer = student.Dense(3, 2, "he")
    kernel, bias = layer.kernel, layer.bias
    equal(np.shape(kernel), (3, 2), "the kernel's shape")
    equal(np.shape(bias), (2,), "the bias's shape")
    x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    judge(close, layer, x, kernel, bias, dy)


def test_a_layer_of_float32_stays_float32(student, rng, close, equal):
    layer = student.Dense(3, 2, dtype="float32")
    kernel = layer.kernel
    equal(np.shape(kernel), (3, 2), "the kernel's shape")
    x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    x, dy = x.astype("float32"), dy.astype("float32")
    kernel = np.asarray(kernel, "float32")
    judge(close, layer, x, kernel, np.zeros(2, "float32"), dy)


def test_a_second_backward_replaces_the_gradients(student, rng, close):
    layer, kernel, bias = with_random_parameters(student, rng, 3, 2)
    layer.forward(rng.normal(size=(4, 3)))
    layer.backward(rng.normal(size=(4, 2)))
    x, dy = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    judge(close, layer, x, kernel, bias, dy)


def test_two_layers_keep_apart(student, rng, close):
    layer, kernel, bias = with_random_parameters(student, rng, 3, 2)
    neighbour, _, _ = with_random_parameters(student, rng, 3, 2)
    x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    layer.forward(x)
    neighbour.forward(rng.normal(size=(4, 3)))
    neighbour.backward(rng.normal(size=(4, 2)))
    _, dx, kernel_gradient, _ = by_einsum(x, kernel, bias, dy)
    close(layer.backward(dy), dx, "∂L/∂x", category="wrong_gradient")
    close(layer.kernel_gradient, kernel_gradient, "∂L/∂kernel",
          category="wrong_gradient")  # fmt: skip


def test_lists_its_parameters_and_gradients(student, rng, close, equal):
    layer, kernel, bias = with_random_parameters(student, rng, 3, 2)
    x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    layer.forward(x)
    layer.backward(dy)
    listed = [*layer.parameters(), *layer.gradients()]
    equal(len(listed), 4, "the number of parameters and gradients")
    _, _, kernel_gradient, bias_gradient = by_einsum(x, kernel, bias, dy)
    expected = (kernel, bias, kernel_gradient, bias_gradient)
    names = ("the kernel", "the bias", "∂L/∂kernel", "∂L/∂bias")
    for value, right, name in zip(listed, expected, names, strict=True):
        close(value, right, name)


def test_leaves_its_arguments_as_they_are(student, rng, close):
    layer, _, _ = with_random_parameters(student, rng, 3, 2)
    x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    close(student.arguments_after(layer.forward, x)[0], x, "x after forward")
    close(student.arguments_after(layer.backward, dy)[0], dy, "dy after backward")


def test_refuses_an_unknown_init(student, close, raises):
    close(student.Dense(2, 3).bias, np.zeros(3), "the bias")
    raises(ValueError, student.Dense, 2, 3, "zeros")
