"""The line from LeNet-5 to MobileNet as one picture, its numbers measured on the networks.

LAYERWISE_PARTS=solutions python -m autograder.authoring.network_line
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras

from course import costs, parts, syllabus

PICTURE = Path("exercises/u08_efficient_cnns/line.svg")


class Network(NamedTuple):
    """What is known of a network without looking at it."""

    title: str
    name: str
    year: int
    image: tuple[int, int, int]
    idea: tuple[str, str]


# The year is that in which the paper was public.
NETWORKS = (
    Network("LeNet-5", "LeNet5", 1998, (32, 32, 1), ("one kernel for", "all places")),
    Network("AlexNet", "AlexNet", 2012, (227, 227, 3), ("relu, dropout,", "two GPUs")),
    Network("VGG-16", "VGG16", 2014, (224, 224, 3), ("nothing", "but 3×3")),
    Network("GoogLeNet", "GoogLeNet", 2014, (224, 224, 3), ("branches,", "thin by 1×1")),
    Network("ResNet-50", "ResNet50", 2015, (224, 224, 3), ("add what", "came in")),
    Network("DenseNet-121", "DenseNet121", 2016, (224, 224, 3), ("keep all", "that came in")),
    Network("MobileNet", "MobileNet", 2017, (224, 224, 3), ("places apart", "from channels")),
)  # fmt: skip


class Numbers(NamedTuple):
    """What a network is measured to have.

    Attributes:
        layers: How many layers with weights lie on the longest way from the image to
            the logits, normalizations apart: what the names of networks count.
        parameters: How many numbers are trained.
        macs: Multiply-accumulates for one image.
    """

    layers: int
    parameters: int
    macs: int


def measured(network: Network) -> Numbers:
    """Builds a network at its paper's size and counts."""
    # GoogLeNet's classifiers on the way are there for training alone.
    settings = {"auxiliary": False} if network.name == "GoogLeNet" else {}
    model = parts.network(network.name)(**settings)
    cost = costs.of(model, network.image)
    if cost.unknown:
        raise ValueError(f"{network.name}: no rule for {cost.unknown[0].kind}.")
    trained = sum(math.prod(w.shape) for w in model.trainable_weights)
    return Numbers(longest_way(model, network.image), trained, cost.macs)


def longest_way(model: Any, image: tuple[int, int, int]) -> int:
    """Layers with weights one behind the other, normalizations apart."""
    start = keras.Input(image)
    with _blocks_opened():
        end = model.call(start)
    before: dict[int, int] = {}  # of a tensor, the layers on the longest way to it
    # By nodes: a pooling that is called at several places is one operation.
    nodes = keras.Model(start, end)._nodes_by_depth
    for node in (
        node for depth in sorted(nodes, reverse=True) for node in nodes[depth]
    ):
        ways = [before.get(id(x), 0) for x in node.input_tensors]
        longest = max(ways, default=0) + _counts(node.operation)
        before |= {id(x): longest for x in node.output_tensors}
    return before[id(end)]


def _counts(operation: Any) -> bool:
    kind = type(operation).__name__
    return bool(getattr(operation, "weights", ())) and "Normalization" not in kind


@contextlib.contextmanager
def _blocks_opened() -> Iterator[None]:
    """Calls of layers that are made of layers are calls of these."""
    original = keras.Layer.__call__

    def opened(layer: Any, *args: Any, **kwargs: Any) -> Any:
        inner = layer._flatten_layers(include_self=False)
        return (layer.call if inner else original.__get__(layer))(*args, **kwargs)

    keras.Layer.__call__ = opened
    try:
        yield
    finally:
        keras.Layer.__call__ = original


# The picture: a column a network, a band a measure; heights are logarithms.

_LEFT, _STEP, _HEIGHT = 170, 112, 92
_INK, _GREY, _LINE = "#20242c", "#6b7280", "#1f6fb4"


def svg(found: dict[Network, Numbers]) -> str:
    """The picture of these networks, in their order."""
    width = _LEFT + _STEP * len(found) - 20
    bands: list[tuple[str, list[int], Callable[[int], str]]] = [
        ("layers in a row", [n.layers for n in found.values()], str),
        ("parameters", [n.parameters for n in found.values()], short),
        ("multiply-adds, one image", [n.macs for n in found.values()], short),
    ]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 476" '
        f'width="{width}" height="476" role="img" font-family="sans-serif">',
        "<title>From LeNet-5 to MobileNet</title>",
        f"<desc>{described(found)}</desc>",
        f'<rect width="{width}" height="476" rx="6" fill="#ffffff"/>',
    ]
    for i, network in enumerate(found):
        x = _LEFT + _STEP * i + 32
        lines.append(_text(x, 28, network.title, 13, bold=True))
        lines.append(_text(x, 46, str(network.year), 12))
        lines += [
            _text(x, 436 + 17 * k, line, 12) for k, line in enumerate(network.idea)
        ]
    for i, (name, values, words) in enumerate(bands):
        lines += _band(name, values, words, 66 + i * (_HEIGHT + 26), width)
    return "\n".join([*lines, _text(14, 436, "what was new", 12, "start"), "</svg>\n"])


def _band(
    name: str, values: list[int], words: Callable[[int], str], top: int, width: int
) -> list[str]:
    low, high = math.log10(min(values)), math.log10(max(values))
    places = [
        (
            _LEFT + _STEP * i + 32,
            round(top + _HEIGHT - 12 - (_HEIGHT - 44) * (math.log10(v) - low) / (high - low)),
        )
        for i, v in enumerate(values)
    ]  # fmt: skip
    way = " ".join(f"{x},{y}" for x, y in places)
    return [
        f'<rect x="8" y="{top}" width="{width - 16}" height="{_HEIGHT + 14}" rx="4" '
        'fill="#f1f4f8"/>',
        _text(14, top + 22, name, 12, "start"),
        _text(14, top + 40, "(heights: logarithms)", 11, "start"),
        f'<polyline points="{way}" fill="none" stroke="{_LINE}" stroke-width="1.5"/>',
        *(f'<circle cx="{x}" cy="{y}" r="5" fill="{_LINE}"/>' for x, y in places),
        *(
            _text(x, y - 11, words(value), 12, bold=True)
            for (x, y), value in zip(places, values, strict=True)
        ),
    ]


def short(number: int) -> str:
    """Three digits and a unit: 60.0 k, 138 M, 15.5 G."""
    power = min((len(str(number)) - 1) // 3, 3)
    digits = number / 1000**power
    places = 2 if digits < 10 else 1 if digits < 100 else 0
    return f"{digits:.{places}f} {('', 'k', 'M', 'G')[power]}"


def _text(
    x: int, y: int, words: str, size: int, anchor: str = "middle", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    color = _GREY if anchor == "start" else _INK
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{color}"{weight}>{words}</text>'
    )


def described(found: dict[Network, Numbers]) -> str:
    """The same in words, for who can't see it."""
    return " ".join(
        f"{network.title}, {network.year}: {n.layers} layers, {n.parameters:,} "
        f"parameters, {n.macs:,} multiply-accumulates."
        for network, n in found.items()
    )


if __name__ == "__main__":
    root = parts.project_root()
    assert root is not None, "Run it in the project."
    names = {name for exercise in syllabus.exercises() for name in exercise.names}
    here = [network for network in NETWORKS if network.name in names]
    picture = svg({network: measured(network) for network in here})
    (root / PICTURE).write_text(picture, encoding="utf-8")
