"""The networks of the course by name, each with the images and arguments that suit it."""

import difflib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course import data, parts
from course.data import Data


class CannotTrain(ValueError):
    """A network or data set that isn't there, or doesn't go with the other."""


Sized = Callable[[Data], dict[str, Any]]  # the arguments that suit a data set


class Network(NamedTuple):
    """How a network of the syllabus is trained.

    Attributes:
        arguments: What it is made with, for a data set.
        size: The side of its images where the data set comes in several; 0: as they are.
        learning_rate: The highest of the schedule.
        standardized: Whether pixels get mean 0 and variance 1 over the training set.
        scale: What the loss multiplies the logits with.
        of: The class it is a size of, where that has another name.
    """

    arguments: Sized
    size: int = 0
    learning_rate: float = 1e-3
    standardized: bool = True
    scale: float = 1.0
    of: str = ""


def _classes(data: Data) -> dict[str, Any]:
    return {"num_classes": len(data.class_names)}


def _fcnn(data: Data) -> dict[str, Any]:
    """The sizes in the table of its docstring, by the number of inputs."""
    inputs = data.x_train[0].size
    units, rate = ((16, 8), 0.1) if inputs < 16 else ((64, 32), 0.2)
    if inputs > 64:
        units, rate = (512, 256), 0.3
    return {"units": units, "dropout_rate": rate, **_classes(data)}


def _small_images(data: Data) -> dict[str, Any]:
    return {"stem": "cifar", **_classes(data)}


def _narrow_end(data: Data) -> dict[str, Any]:
    """After five poolings of 32 pixels there is no use for 4096 units."""
    return {"units": 512, **_classes(data)}


def _sizes(family: str, argument: str, values: tuple, base: Network) -> dict:
    """More sizes of a network, trained as the one that has a name of its own."""

    def sized(value: float) -> Sized:
        return lambda data: {argument: value, **base.arguments(data)}

    return {
        f"{family}{value}": base._replace(arguments=sized(value), of=family)
        for value in values
    }


NETWORKS = {
    "FCNN": Network(_fcnn, learning_rate=4e-3, standardized=False),
    "SimpleCNN": Network(_classes, learning_rate=4e-3, standardized=False),
    # Its softmax of distances in the tens and hundreds is sure of everything after one
    # epoch, and what is sure learns no more: the loss sees a tenth of them.
    "LeNet5": Network(
        lambda data: {}, 32, learning_rate=0.012, standardized=False, scale=0.1
    ),
    "AlexNet": Network(lambda data: _small_images(data) | _narrow_end(data), 32, 3e-4),
    "VGG16": Network(_narrow_end, 32, 3e-4),
    "ResNet18": Network(_small_images),
    "ResNet50": Network(_small_images),
    "GoogLeNet": Network(_small_images, 32, 3e-4),
    "DenseNet121": Network(_small_images, 32),
    "MobileNet": Network(_small_images, 32),
}
# The other sizes in the tables of their docstrings.
NETWORKS |= _sizes("VGG", "depth", (11, 13, 19), NETWORKS["VGG16"])
NETWORKS |= _sizes("ResNet", "depth", (34, 101), NETWORKS["ResNet50"])
NETWORKS |= _sizes("DenseNet", "depth", (169, 201), NETWORKS["DenseNet121"])
NETWORKS |= _sizes("MobileNet", "alpha", (0.75, 0.5, 0.25), NETWORKS["MobileNet"])


def find(name: str) -> Network:
    """The network called `name`.

    Raises:
        CannotTrain: If there is none; the message gives the nearest ones.
    """
    if name in NETWORKS:
        return NETWORKS[name]
    lower = {known.lower(): known for known in NETWORKS}
    near = difflib.get_close_matches(name.lower(), lower, cutoff=0.5)
    question = f" Did you mean {' or '.join(lower[n] for n in near)}?" if near else ""
    raise CannotTrain(
        f"There is no network called {name}.{question} These are here: "
        f"{', '.join(NETWORKS)}."
    )


def prepared(name: str, data_set: str) -> Data:
    """A data set as the network wants it.

    Raises:
        CannotTrain: If there is no such network or data set.
        DataProblem: If a published data set can't be had.
    """
    network = find(name)
    several = data_set in ("digits", "mnist") and network.size
    try:
        found = data.load(data_set, **({"size": network.size} if several else {}))
    except ValueError as error:
        raise CannotTrain(str(error)) from error
    if name == "LeNet5":  # as light as its paper wants paper and ink
        return _changed(found, lambda x: 1.275 * x - np.float32(0.1))
    if not network.standardized or found.x_train.ndim != 4:
        return found
    mean = found.x_train.mean(axis=(0, 1, 2), dtype="float64").astype("float32")
    deviation = found.x_train.std(axis=(0, 1, 2), dtype="float64").astype("float32")
    return _changed(found, lambda x: (x - mean) / deviation)


def made(name: str, data: Data) -> Any:
    """The network for these data, its layers those of `course.parts`.

    Raises:
        CannotTrain: If it is not done yet.
    """
    arguments = find(name).arguments(data)
    try:
        network = parts.network(find(name).of or name)
    except AttributeError as error:
        raise CannotTrain(str(error)) from error
    return network(**arguments)


def whose(model: Any) -> str:
    """Who has written the layers with weights: `yours`, `solutions`, `keras`.

    Asked of the layers themselves, not of the setting: where it is `yours`, what does
    not pass yet is Keras's, and the answer is `keras+yours`.
    """
    places = {"exercises": "yours", "solutions": "solutions"}
    folders = {
        type(layer).__module__.partition(".")[0]
        for layer in model._flatten_layers(include_self=False)
        if layer.trainable_weights
    }
    return "+".join(sorted({places.get(folder, "keras") for folder in folders}))


def refuse_mismatch(name: str, data_set: str, prepared: Data) -> None:
    """Says before a training what would end in it.

    Raises:
        CannotTrain: If the network can't read these examples.
    """
    if name != "FCNN" and prepared.x_train.ndim != 4:
        raise CannotTrain(
            f"{name} reads images, and {data_set} has none: train FCNN on it."
        )
    channels, classes = prepared.x_train.shape[-1], len(prepared.class_names)
    if name == "LeNet5" and (channels, classes) != (1, 10):
        raise CannotTrain(
            f"LeNet5 reads grey images of ten digits; {data_set} has {channels} "
            f"channels and {classes} classes. Train it on digits or mnist."
        )


def _changed(
    data: Data, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Data:
    return data._replace(x_train=change(data.x_train), x_test=change(data.x_test))
