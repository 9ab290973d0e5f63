"""Hidden checks of MLP: starts, shuffles, depth, other losses and optimizers."""

import itertools

import keras
import numpy as np
import pytest


def part(student, name, *args):
    """A piece from `course.numpy_parts`, on the submission's side."""
    return student.imported(f"course.numpy_parts.{name}")(*args)


def made(student, sizes, activations, loss="L2", rate=0.1, seed=0, by="Momentum"):
    activations = [part(student, name) for name in activations]
    loss, optimizer = part(student, loss), part(student, by, rate)
    return student.MLP(list(sizes), activations, loss, optimizer, seed=seed)


def parameters_of(model, equal, sizes):
    """The values of `parameters()`, once their shapes are known to be right."""
    values = model.parameters()
    if isinstance(values, list | tuple):
        shapes = [tuple(np.shape(value)) for value in values]
    else:
        shapes = repr(values)
    pairs = list(itertools.pairwise(sizes))
    expected = [shape for i, u in pairs for shape in ((i, u), (u,))]
    equal(shapes, expected, "the shapes of parameters()")
    return list(values)


FUNCTIONS = {
    "ReLU": lambda x: (x + np.abs(x)) / 2,
    "Tanh": np.tanh,
    "Sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "Softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
}


def predict(parameters, activations, x):
    for k, name in enumerate(activations):
        kernel, bias = parameters[2 * k : 2 * k + 2]
        x = FUNCTIONS[name](np.einsum("bi,iu->bu", x, kernel) + bias)
    return x


def cross_entropy(parameters, activations, x, y):
    return -np.sum(y * np.log(predict(parameters, activations, x))) / len(x)


def slopes(function, arrays, step=1e-5):
    gradients = [np.zeros(array.shape) for array in arrays]
    for k, gradient in enumerate(gradients):
        for place in np.ndindex(gradient.shape):
            up, down = ([a.copy() for a in arrays] for _ in range(2))
            up[k][place] += step
            down[k][place] -= step
            gradient[place] = (function(up) - function(down)) / (2 * step)
    return gradients


def with_keras(optimizer, function, parameters, batches):
    """Where a Keras optimizer takes the parameters, fed with finite differences."""
    variables = [keras.Variable(p, dtype="float64") for p in parameters]
    for batch in batches:
        values = [keras.ops.convert_to_numpy(variable) for variable in variables]
        found = slopes(lambda arrays, batch=batch: function(arrays, *batch), values)
        tensors = [keras.ops.convert_to_tensor(g, "float64") for g in found]
        optimizer.apply(tensors, variables)
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


@pytest.mark.points(2)
def test_three_layers_with_softmax_and_momentum_match_keras(student, rng, close, equal):
    sizes, names = (2, 4, 3, 3), ("Tanh", "Sigmoid", "Softmax")
    model = made(student, sizes, names, "CategoricalCrossEntropy", rate=0.3)
    start = parameters_of(model, equal, sizes)
    x = rng.normal(size=(5, 2))
    y = np.eye(3)[rng.integers(0, 3, size=5)]
    model.fit(x, y, epochs=2, batch_size=3, shuffle=False)
    batches = 2 * [(x[:3], y[:3]), (x[3:], y[3:])]
    expected = with_keras(
        keras.optimizers.SGD(0.3, momentum=0.9),
        lambda arrays, x, y: cross_entropy(arrays, names, x, y),
        start,
        batches,
    )
    for k, value in enumerate(parameters_of(model, equal, sizes)):
        close(value, expected[k], f"parameter {k}", tolerance=1e-5)


def test_a_single_layer_and_a_batch_of_one(student, rng, close, equal):
    sizes, names = (3, 1), ("Sigmoid",)
    model = made(student, sizes, names)
    x, y = rng.normal(size=(1, 3)), np.ones((1, 1))
    parameters = parameters_of(model, equal, sizes)
    expected = np.mean((predict(parameters, names, x) - y) ** 2)
    close(model.train_step(x, y), expected, "the loss")
    moved = parameters_of(model, equal, sizes)
    found = slopes(lambda a: np.mean((predict(a, names, x) - y) ** 2), parameters)
    for k, gradient in enumerate(found):
        close(moved[k], parameters[k] - 0.1 * gradient, f"parameter {k}",
              tolerance=1e-5)  # fmt: skip


def test_layers_of_one_size_start_differently(student, equal):
    sizes = (3, 3, 3)
    first, _, second, _ = parameters_of(
        made(student, sizes, ("Tanh", "Tanh")), equal, sizes
    )
    equal(np.array_equal(first, second), False, "whether both kernels are the same")


def test_the_seed_decides_the_start(student, equal):
    sizes = (3, 4, 2)
    kernels = [
        parameters_of(made(student, sizes, ("Tanh", "Tanh"), seed=s), equal, sizes)[2]
        for s in (5, 5, 6)
    ]
    same = [np.array_equal(kernels[0], kernel) for kernel in kernels[1:]]
    equal(same, [True, False], "whether the same seed, and another, repeat a kernel")


def fitted(student, equal, x, y, **options):
    """The parameters of a network 2 → 1 after two epochs in batches of 3."""
    model = made(student, (2, 1), ("Tanh",), rate=1.0, seed=4)
    parameters_of(model, equal, (2, 1))
    model.fit(x, y, epochs=2, batch_size=3, **options)
    return np.append(*parameters_of(model, equal, (2, 1)))


def test_the_seed_decides_the_shuffles(student, rng, equal):
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
    first = fitted(student, equal, x, y)
    same = bool(np.allclose(fitted(student, equal, x, y), first))
    equal(same, True, "whether training again with the same seed ends in one place")


def test_every_example_counts_once_in_an_epoch(student, rng, close, equal):
    model = made(student, (2, 1), ("Tanh",), rate=0.0)
    x, y = rng.normal(size=(7, 2)), rng.normal(size=(7, 1))
    parameters = parameters_of(model, equal, (2, 1))
    expected = np.mean((predict(parameters, ["Tanh"], x) - y) ** 2)
    losses = model.fit(x, y, epochs=2, batch_size=3)
    close(losses, np.full(2, expected), "the losses, at a learning rate of 0")


def test_refuses_sizes_and_activations_that_do_not_fit(student, equal, raises):
    parameters_of(made(student, (2, 2), ("Tanh",)), equal, (2, 2))
    loss, optimizer = part(student, "L2"), part(student, "Momentum")
    raises(ValueError, student.MLP, [2, 3, 1], [part(student, "Tanh")], loss, optimizer)
