"""Public checks of Dense. The oracles are a loop and finite differences of it."""

import numpy as np
import pytest


def by_loops(x, kernel, bias):
    """The weighted sums of one example after the other, in float64."""
    y = np.zeros((len(x), len(bias)))
    for b, u in np.ndindex(y.shape):
        y[b, u] = bias[u] + sum(x[b, i] * kernel[i, u] for i in range(x.shape[1]))
    return y


def slopes(function, array, step=1e-4):
    """∂function/∂array by central differences, one number after the other."""
    gradient = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        nudge = np.zeros(array.shape)
        nudge[place] = step
        rise = function(array + nudge) - function(array - nudge)
        gradient[place] = rise / (2 * step)
    return gradient


def case(student, rng, batch=2, inputs=3, units=4):
    """A layer with random parameters, these parameters, an input and a dy."""
    kernel, bias = rng.normal(size=(inputs, units)), rng.normal(size=units)
    layer = student.Dense(inputs, units)
    layer.kernel, layer.bias = kernel, bias
    x, dy = rng.normal(size=(batch, inputs)), rng.normal(size=(batch, units))
    return layer, kernel, bias, x, dy


@pytest.mark.points(2)
def test_forward_matches_a_loop(student, rng, close):
    layer, kernel, bias, x, _ = case(student, rng)
    close(layer.forward(x), by_loops(x, kernel, bias))


@pytest.mark.points(2)
def test_input_gradient_matches_finite_differences(student, rng, close):
    layer, kernel, bias, x, dy = case(student, rng)
    layer.forward(x)
    expected = slopes(lambda x: np.sum(dy * by_loops(x, kernel, bias)), x)
    close(layer.backward(dy), expected, "∂L/∂x", category="wrong_gradient")


@pytest.mark.points(2)
def test_kernel_gradient_matches_finite_differences(student, rng, close):
    layer, kernel, bias, x, dy = case(student, rng)
    layer.forward(x)
    layer.backward(dy)
    expected = slopes(lambda kernel: np.sum(dy * by_loops(x, kernel, bias)), kernel)
    close(layer.kernel_gradient, expected, "∂L/∂kernel", category="wrong_gradient")


@pytest.mark.points(2)
def test_bias_gradient_matches_finite_differences(student, rng, close):
    layer, kernel, bias, x, dy = case(student, rng)
    layer.forward(x)
    layer.backward(dy)
    expected = slopes(lambda bias: np.sum(dy * by_loops(x, kernel, bias)), bias)
    close(layer.bias_gradient, expected, "∂L/∂bias", category="wrong_gradient")


@pytest.mark.parametrize("init", ["xavier", "he"])
def test_kernel_starts_with_the_variance_of_its_init(student, rng, close, equal, init):
    inputs, units = 200, 300
    kernel = student.Dense(inputs, units, init, seed=int(rng.integers(1000))).kernel
    equal(np.shape(kernel), (inputs, units), "the kernel's shape")
    expected = 2 / (inputs + units) if init == "xavier" else 2 / inputs
    close(np.var(kernel), expected, "the kernel's variance", tolerance=0.05)
    mean_is_0 = bool(abs(np.mean(kernel)) < 0.05 * np.sqrt(expected))
    equal(mean_is_0, True, "whether the kernel's mean is 0, as far as one can tell,")


def test_bias_starts_at_0(student, close):
    close(student.Dense(3, 5).bias, np.zeros(5), "the bias")


def test_the_seed_decides_the_kernel(student, equal):
    kernels = [student.Dense(3, 5, seed=seed).kernel for seed in (7, 7, 8)]
    equal([np.shape(kernel) for kernel in kernels], 3 * [(3, 5)], "the kernels' shapes")
    same = np.array_equal(kernels[0], kernels[1])
    equal(same, True, "whether a seed gives the same kernel again")
    same = np.array_equal(kernels[0], kernels[2])
    equal(same, False, "whether another seed gives the same kernel")
