"""The networks of u01 trained again, with no backward method written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course import data, numpy_parts, plots

Array = NDArray[np.float64]
Loss = Callable[[Array, Array, list[Any]], Any]  # of x, targets and parameters


def run(out: Path) -> dict[str, Any]:
    """Trains the three networks of u01 with `Tensor` and draws two boundaries.

    Args:
        out: The folder for `xor.png` and `swiss_roll.png`; made if it isn't there.

    Returns:
        The accuracy on each data set: `xor` on its four points, `swiss_roll` and `iris`
        on points held out. `differences`: for each, how far the gradients of `Tensor`
        are from those of u01 before training, as a fraction of the largest.
        `pictures`: the files. `parts`: whose each piece was.
    """
    pieces = (
        "Tensor backward MLP Dense ReLU Tanh Sigmoid Softmax Adam "
        "BinaryCrossEntropy CategoricalCrossEntropy"
    ).split()
    parts = {name: numpy_parts.source(name)[0] for name in pieces}
    xor = _two_classes("xor", [2, 8, 1], _tanh, 0.1, 300)
    swiss_roll = _two_classes("swiss_roll", [2, 64, 32, 1], _relu, 0.01, 150)
    iris = _iris()
    return {
        "xor": xor[0],
        "swiss_roll": swiss_roll[0],
        "iris": iris[0],
        "differences": {"xor": xor[1], "swiss_roll": swiss_roll[1], "iris": iris[1]},
        "pictures": [
            plots.save(xor[2], out / "xor.png"),
            plots.save(swiss_roll[2], out / "swiss_roll.png"),
        ],
        "parts": parts,
    }


# The network, forwards. This is all there is: no line here is about gradients.


def _relu(z: Any) -> Any:
    return z.relu()


def _tanh(z: Any) -> Any:
    return 2 / (1 + (-2 * z).exp()) - 1


def _scores(x: Array, parameters: list[Any], hidden: Callable[[Any], Any]) -> Any:
    """The last layer's weighted sums: (B, inputs) → (B, units)."""
    *before, kernel, bias = parameters
    for k in range(0, len(before), 2):
        x = hidden(x @ before[k] + before[k + 1])
    return x @ kernel + bias


def _binary_cross_entropy(targets: Array, z: Any) -> Any:
    """With −log σ(z) = log(1 + e⁻ᶻ) and −log(1 − σ(z)) = log(1 + eᶻ)."""
    surprise = targets * (1 + (-z).exp()).log() + (1 - targets) * (1 + z.exp()).log()
    return surprise.mean()


def _categorical_cross_entropy(targets: Array, z: Any) -> Any:
    """With −log softmax(z)ₖ = log Σ eᶻ − zₖ."""
    return (z.exp().sum(axis=1).log() - (targets * z).sum(axis=1)).mean()


# Training


def _gradients(loss: Loss, x: Array, targets: Array, tensors: list[Any]) -> list[Array]:
    """∂loss/∂tensors."""
    loss(x, targets, tensors).backward()
    return [tensor.gradient for tensor in tensors]


def _fit(network: Any, loss: Loss, x: Array, targets: Array, epochs: int) -> float:
    """Trains the parameters of u01's network in place, in batches of 32.

    Returns:
        How far the first gradients are from those that u01 computes by hand.
    """
    network.loss.forward(targets, network.forward(x))
    network.backward(network.loss.backward())
    by_hand = network.gradients()
    tensors = _tensors(network)  # share their arrays with the network
    first = _gradients(loss, x, targets, tensors)
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for batch in np.split(order, range(32, len(x), 32)):
            gradients = _gradients(loss, x[batch], targets[batch], tensors)
            network.optimizer.step(network.parameters(), gradients)
    return max(
        float(np.abs(a - b).max() / np.abs(b).max())
        for a, b in zip(first, by_hand, strict=True)
    )


def _two_classes(
    name: str,
    layer_sizes: list[int],
    hidden: Callable[[Any], Any],
    learning_rate: float,
    epochs: int,
) -> tuple[float, float, Figure]:
    """Points of the plane: the accuracy on others, the difference, the boundary."""
    points = data.load(name)
    activation = numpy_parts.Tanh if hidden is _tanh else numpy_parts.ReLU
    network = numpy_parts.MLP(
        layer_sizes,
        [*(activation() for _ in layer_sizes[2:]), numpy_parts.Sigmoid()],
        numpy_parts.BinaryCrossEntropy(),
        numpy_parts.Adam(learning_rate),
        seed=0,
    )
    difference = _fit(
        network,
        lambda x, t, tensors: _binary_cross_entropy(t, _scores(x, tensors, hidden)),
        points.x_train.astype("float64"),
        points.y_train[:, None].astype("float64"),  # (B, 1)
        epochs,
    )

    def classes(x: NDArray[np.float32]) -> NDArray[np.int64]:
        z = _scores(x.astype("float64"), _tensors(network), hidden)
        return (z.data[:, 0] > 0).astype("int64")

    accuracy = float(np.mean(classes(points.x_test) == points.y_test))
    picture = plots.decision_boundary(
        classes, points.x_test, points.y_test, points.class_names
    )
    return accuracy, difference, picture


def _iris() -> tuple[float, float]:
    """Three species by four features: the accuracy on flowers held out, the difference."""
    flowers = data.load("iris")
    network = numpy_parts.MLP(
        [4, 16, 3],
        [numpy_parts.Tanh(), numpy_parts.Softmax()],
        numpy_parts.CategoricalCrossEntropy(),
        numpy_parts.Adam(0.01),
        seed=0,
    )
    difference = _fit(
        network,
        lambda x, t, tensors: _categorical_cross_entropy(t, _scores(x, tensors, _tanh)),
        flowers.x_train.astype("float64"),
        np.eye(3)[flowers.y_train],  # (B, 3)
        epochs=150,
    )
    z = _scores(flowers.x_test.astype("float64"), _tensors(network), _tanh)
    return float(np.mean(z.data.argmax(axis=-1) == flowers.y_test)), difference


def _tensors(network: Any) -> list[Any]:
    tensor = numpy_parts.Tensor
    return [tensor(parameter) for parameter in network.parameters()]
