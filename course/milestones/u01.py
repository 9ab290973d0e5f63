"""The network of u01, trained: XOR, a Swiss roll and Iris."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course import data, numpy_parts, plots


def run(out: Path) -> dict[str, Any]:
    """Trains three networks with the pieces in force and draws two boundaries.

    Args:
        out: The folder for `xor.png` and `swiss_roll.png`; made if it isn't there.

    Returns:
        The accuracy on each data set: `xor` on its four points, `swiss_roll` and `iris`
        on points held out. `pictures`: the files. `parts`: whose each piece was.
    """
    pieces = (
        "MLP Dense ReLU Tanh Sigmoid Softmax Adam BinaryCrossEntropy "
        "CategoricalCrossEntropy"
    ).split()
    parts = {name: numpy_parts.source(name)[0] for name in pieces}
    xor = _two_classes("xor", [2, 8, 1], [numpy_parts.Tanh()], 0.1, 300)
    roll = [numpy_parts.ReLU(), numpy_parts.ReLU()]
    swiss_roll = _two_classes("swiss_roll", [2, 64, 32, 1], roll, 0.01, 150)
    return {
        "xor": xor[0],
        "swiss_roll": swiss_roll[0],
        "iris": _iris(),
        "pictures": [
            plots.save(xor[1], out / "xor.png"),
            plots.save(swiss_roll[1], out / "swiss_roll.png"),
        ],
        "parts": parts,
    }


def _two_classes(
    name: str,
    layer_sizes: list[int],
    hidden: list[Any],
    learning_rate: float,
    epochs: int,
) -> tuple[float, Figure]:
    """Trains on points of the plane; the accuracy on others, and the boundary."""
    points = data.load(name)
    network = numpy_parts.MLP(
        layer_sizes,
        [*hidden, numpy_parts.Sigmoid()],
        numpy_parts.BinaryCrossEntropy(),
        numpy_parts.Adam(learning_rate),
        seed=0,
    )
    targets = points.y_train[:, None].astype("float64")  # (B, 1)
    network.fit(points.x_train.astype("float64"), targets, epochs)

    def classes(x: NDArray[np.float32]) -> NDArray[np.int64]:
        return (network.forward(x.astype("float64"))[:, 0] > 0.5).astype("int64")

    accuracy = float(np.mean(classes(points.x_test) == points.y_test))
    return accuracy, plots.decision_boundary(
        classes, points.x_test, points.y_test, points.class_names
    )


def _iris() -> float:
    """Trains on three species by four features; the accuracy on flowers held out."""
    flowers = data.load("iris")
    network = numpy_parts.MLP(
        [4, 16, 3],
        [numpy_parts.Tanh(), numpy_parts.Softmax()],
        numpy_parts.CategoricalCrossEntropy(),
        numpy_parts.Adam(0.01),
        seed=0,
    )
    targets = np.eye(3)[flowers.y_train]  # (B, 3)
    network.fit(flowers.x_train.astype("float64"), targets, epochs=150)
    predicted = network.forward(flowers.x_test.astype("float64")).argmax(axis=-1)
    return float(np.mean(predicted == flowers.y_test))
