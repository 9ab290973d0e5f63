"""Public checks of MLP. The oracle is a network of plain functions; its gradients are
finite differences.

The activations, the loss and the optimizer that are handed to the network come from
`course.numpy_parts`, on the submission's side.
"""

import numpy as np

SIZES = (3, 4, 2)


def made(student, loss="L2", optimizer="GradientDescent", rate=0.1, seed=0):
    """A submission's network 3 → 4, tanh → 2, sigmoid."""
    names = ("Tanh", "Sigmoid", loss, optimizer)
    tanh, sigmoid, loss, optimizer = (
        student.imported(f"course.numpy_parts.{name}") for name in names
    )
    return student.MLP(
        list(SIZES), [tanh(), sigmoid()], loss(), optimizer(rate), seed=seed
    )


def parameters_of(model, equal):
    """The values of `parameters()`, once their shapes are known to be right."""
    values = model.parameters()
    if isinstance(values, list | tuple):
        shapes = [tuple(np.shape(value)) for value in values]
    else:
        shapes = repr(values)
    equal(shapes, [(3, 4), (4,), (4, 2), (2,)], "the shapes of parameters()")
    return list(values)


def predict(parameters, x):
    """The network 3 → 4, tanh → 2, sigmoid."""
    kernel_1, bias_1, kernel_2, bias_2 = parameters
    hidden = np.tanh(np.einsum("bi,iu->bu", x, kernel_1) + bias_1)
    return (1 + np.tanh((np.einsum("bi,iu->bu", hidden, kernel_2) + bias_2) / 2)) / 2


def l2(parameters, x, y):
    return np.mean((predict(parameters, x) - y) ** 2)


def slopes(function, arrays, step=1e-5):
    """∂function(arrays)/∂arrays by central differences, one number after the other."""
    gradients = [np.zeros(array.shape) for array in arrays]
    for k, gradient in enumerate(gradients):
        for place in np.ndindex(gradient.shape):
            up, down = ([a.copy() for a in arrays] for _ in range(2))
            up[k][place] += step
            down[k][place] -= step
            gradient[place] = (function(up) - function(down)) / (2 * step)
    return gradients


def descended(parameters, x, y, rate=0.1):
    """The parameters after one step of gradient descent on L2."""
    gradients = slopes(lambda arrays: l2(arrays, x, y), parameters)
    return [p - rate * g for p, g in zip(parameters, gradients, strict=True)]


def data(rng, examples=5):
    return rng.normal(size=(examples, 3)), rng.uniform(size=(examples, 2))


def all_close(close, actual, expected, what, **options):
    for k, (value, right) in enumerate(zip(actual, expected, strict=True)):
        close(value, right, f"{what} {k}", **options)


def test_makes_a_dense_for_each_pair_of_sizes(student, equal):
    model = made(student)
    parameters_of(model, equal)
    layers = model.layers
    count = len(layers) if isinstance(layers, list | tuple) else repr(layers)
    equal(count, 4, "the number of layers: Dense, Tanh, Dense, Sigmoid")


def test_forward_goes_through_every_layer(student, rng, close, equal):
    model = made(student)
    x, _ = data(rng)
    close(model.forward(x), predict(parameters_of(model, equal), x), "the predictions")


def test_backward_returns_the_gradient_of_the_input(student, rng, close, equal):
    model = made(student)
    x, dy = data(rng)
    model.forward(x)
    parameters = parameters_of(model, equal)
    (expected,) = slopes(lambda x: np.sum(dy * predict(parameters, *x)), [x])
    close(model.backward(dy), expected, "∂L/∂x", category="wrong_gradient")


def test_backward_fills_the_gradients_of_all_parameters(student, rng, close, equal):
    model = made(student)
    x, dy = data(rng)
    model.forward(x)
    model.backward(dy)
    parameters = parameters_of(model, equal)
    expected = slopes(lambda arrays: np.sum(dy * predict(arrays, x)), parameters)
    found = model.gradients()
    count = len(found) if isinstance(found, list | tuple) else repr(found)
    equal(count, 4, "the number of gradients")
    all_close(close, found, expected, "gradient", category="wrong_gradient")


def test_train_step_returns_the_loss_before_the_step(student, rng, close, equal):
    model = made(student)
    x, y = data(rng)
    expected = l2(parameters_of(model, equal), x, y)
    close(model.train_step(x, y), expected, "the loss")


def test_train_steps_move_all_parameters_downhill(student, rng, close, equal):
    model = made(student, rate=2.0)
    expected = parameters_of(model, equal)
    for _ in range(3):
        x, y = data(rng)
        model.train_step(x, y)
        expected = descended(expected, x, y, rate=2.0)
    all_close(close, parameters_of(model, equal), expected, "parameter", tolerance=1e-5)


def test_fit_in_order_takes_one_step_a_batch(student, rng, close, equal):
    model = made(student, rate=2.0)
    expected = parameters_of(model, equal)
    x, y = data(rng, examples=5)
    model.fit(x, y, epochs=2, batch_size=2, shuffle=False)
    for batch in 2 * [slice(0, 2), slice(2, 4), slice(4, 5)]:
        expected = descended(expected, x[batch], y[batch], rate=2.0)
    all_close(close, parameters_of(model, equal), expected, "parameter", tolerance=1e-5)


def test_fit_returns_the_mean_loss_of_every_epoch(student, rng, close, equal):
    model = made(student, rate=0.0)
    x, y = data(rng, examples=7)
    expected = l2(parameters_of(model, equal), x, y)
    losses = model.fit(x, y, epochs=3, batch_size=3, shuffle=False)
    close(losses, np.full(3, expected), "the losses, at a learning rate of 0")


def test_fit_shuffles_examples_and_targets_together(student, rng, close, equal):
    model = made(student, rate=0.0)
    x, y = data(rng, examples=8)
    expected = l2(parameters_of(model, equal), x, y)
    losses = model.fit(x, y, epochs=2, batch_size=8)
    close(losses, np.full(2, expected), "the losses, at a learning rate of 0")


def test_fit_shuffles_unless_told_otherwise(student, rng, equal):
    x, y = data(rng, examples=20)
    ends = []
    for options in ({}, {"shuffle": False}):
        model = made(student, rate=2.0)
        parameters_of(model, equal)
        model.fit(x, y, epochs=2, batch_size=3, **options)
        ends.append(parameters_of(model, equal)[0])
    same = bool(np.allclose(*ends))
    equal(same, False, "whether shuffled training ends where ordered training does")


def test_a_dense_starts_with_he_before_a_relu_and_else_with_xavier(
    student, rng, close, equal
):
    relu, tanh, loss, optimizer = (
        student.imported(f"course.numpy_parts.{name}")
        for name in ("ReLU", "Tanh", "L2", "Adam")
    )
    seed = int(rng.integers(1000))
    model = student.MLP(
        [150, 200, 250], [relu(), tanh()], loss(), optimizer(), seed=seed
    )
    parameters = model.parameters()
    count = len(parameters) if isinstance(parameters, list | tuple) else 0
    equal(count, 4, "the number of parameters")
    found = [float(np.var(kernel)) for kernel in parameters[::2]]
    close(found[0], 2 / 150, "the variance of the kernel before ReLU", tolerance=0.08)
    close(found[1], 2 / (200 + 250), "the variance of the kernel before tanh",
          tolerance=0.08)  # fmt: skip
