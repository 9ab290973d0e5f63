"""The picture of the line from LeNet-5 to MobileNet says what the networks are."""

import keras
import pytest
from keras import layers

from autograder.authoring import network_line
from course import parts


def test_the_longest_way_counts_layers_with_weights_one_behind_the_other():
    class Block(layers.Layer):
        """Two convolutions beside one, and a normalization that doesn't count."""

        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Conv2D(4, 1), layers.Conv2D(4, 1)
            self.beside = layers.Conv2D(4, 1)
            self.norm = layers.BatchNormalization()

        def build(self, shape):
            self.first.build(shape)
            self.second.build((*shape[:-1], 4))
            self.beside.build(shape)
            self.norm.build((*shape[:-1], 4))

        def call(self, x):
            deep = keras.ops.relu(self.second(self.norm(self.first(x))))
            return deep + self.beside(x)

        def compute_output_shape(self, shape):
            return (*shape[:-1], 4)

    steps = [Block(), Block(), layers.GlobalAveragePooling2D(), layers.Dense(3)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *steps])
    assert network_line.longest_way(model, (8, 8, 3)) == 5


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (60_000, "60.0 k"),
        (138_357_544, "138 M"),
        (6_998_552, "7.00 M"),
        (9_750, "9.75 k"),
    ],
)
def test_three_digits_of_a_number_are_shown(number, words):
    assert network_line.short(number) == words


@pytest.mark.parametrize(
    ("name", "layers"), [("GoogLeNet", 22), ("ResNet50", 50), ("MobileNet", 28)]
)
def test_the_longest_way_is_what_the_papers_count(name, layers, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    (network,) = (n for n in network_line.NETWORKS if n.name == name)
    model = parts.network(name)()
    model.build((None, *network.image))
    assert network_line.longest_way(model, network.image) == layers


def test_the_picture_is_that_of_the_networks(monkeypatch, pytestconfig):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    drawn = (pytestconfig.rootpath / network_line.PICTURE).read_text(encoding="utf-8")
    for network in network_line.NETWORKS:
        assert f">{network.title}<" in drawn
        if network.name in ("LeNet5", "MobileNet"):  # those that are counted quickly
            found = {network: network_line.measured(network)}
            assert network_line.described(found) in drawn
