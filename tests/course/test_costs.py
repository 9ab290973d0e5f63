"""Costs of networks: against counts by hand and the numbers of the papers."""

import keras
import numpy as np
import pytest
from keras import layers

from course import costs, parts

IMAGE = (12, 10, 6)


def by_hand(output_shape, places, depth):
    """Counts the products one output at a time: the positions × what each sums."""
    total = 0
    for _ in np.ndindex(*output_shape):
        total += places * depth
    return total


@pytest.mark.parametrize("whose", ["keras", "solutions"])
@pytest.mark.parametrize(
    ("name", "arguments", "shape", "macs", "parameters"),
    [
        ("Dense", (5,), (3, 7), 3 * 5 * 7, 5 * 7 + 5),
        ("Conv2D", (4, (3, 2)), IMAGE, by_hand((10, 9, 4), 3 * 2, 6), 4 * 36 + 4),
        ("Conv2D", (4, 3, 2, "same"), IMAGE, by_hand((6, 5, 4), 9, 6), 4 * 54 + 4),
        ("DepthwiseConv2D", (3,), IMAGE, by_hand((10, 8, 6), 9, 1), 6 * 9 + 6),
        (
            "SeparableConv2D",
            (5, 3),
            IMAGE,
            by_hand((10, 8, 6), 9, 1) + by_hand((10, 8, 5), 1, 6),
            6 * 9 + 6 * 5 + 5,
        ),
        ("Conv2DTranspose", (4, 3, 2), IMAGE, 12 * 10 * 6 * 9 * 4, 4 * 54 + 4),
        ("BatchNormalization", (), IMAGE, 0, 4 * 6),
        ("MaxPooling2D", (2,), IMAGE, 0, 0),
    ],
)
def test_a_layer_costs_what_counting_says(
    monkeypatch, whose, name, arguments, shape, macs, parameters
):
    monkeypatch.setenv("LAYERWISE_PARTS", whose)
    layer = getattr(parts, name)(*arguments)
    (row,) = costs.of(layer, shape).rows
    assert (row.macs, row.parameters) == (macs, parameters)
    output = tuple(layer(np.zeros((1, *shape), "float32")).shape)[1:]
    assert row.output_shape == output
    assert row.activation_bytes == 4 * np.prod(output)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Conv2D", (4, (3, 2))),
        ("DepthwiseConv2D", (3, 2)),
        ("SeparableConv2D", (5, 3)),
        ("Conv2DTranspose", (4, 3, 2)),
    ],
)
def test_it_costs_the_same_with_the_channels_first(monkeypatch, name, arguments):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    macs = [
        costs.of(getattr(parts, name)(*arguments, data_format=data_format), shape).macs
        for data_format, shape in (
            ("channels_last", IMAGE),
            ("channels_first", (IMAGE[2], *IMAGE[:2])),
        )
    ]
    assert macs[0] == macs[1] > 0


def test_groups_divide_the_multiplications():
    (whole,) = costs.of(layers.Conv2D(4, 3), IMAGE).rows
    (halves,) = costs.of(layers.Conv2D(4, 3, groups=2), IMAGE).rows
    assert 2 * halves.macs == whole.macs


def test_an_einsum_counts_the_axes_that_it_sums_over():
    layer = layers.EinsumDense("abc,cde->abde", (None, 2, 3))
    (row,) = costs.of(layer, (5, 7)).rows
    assert row.macs == 5 * 7 * 2 * 3


@pytest.mark.parametrize(
    ("name", "shape", "published", "exactly"),
    [
        # Simonyan & Zisserman's VGG-16: 13 convolutions and 3 dense layers, by hand.
        ("VGG16", (224, 224, 3), 15.3e9, 15_470_264_320),
        ("ResNet50", (224, 224, 3), 3.8e9, None),  # He et al., table 1
        ("MobileNet", (224, 224, 3), 569e6, None),  # Howard et al., table 4
        ("DenseNet121", (224, 224, 3), 2.9e9, None),  # 5.7 GFLOP as two each, figure 3
    ],
)
def test_the_networks_of_the_papers_cost_what_the_papers_say(
    name, shape, published, exactly
):
    model = getattr(keras.applications, name)(weights=None)
    found = costs.of(model)
    assert not found.unknown
    assert found.macs == pytest.approx(published, rel=0.025)
    assert found.parameters == model.count_params()
    if exactly is not None:
        assert found.macs == exactly
    keras.backend.clear_session()


def lenet5_by_hand():
    connections_of_c3 = 60 * 25  # Table I has 60 crosses
    convolutions = 28 * 28 * 6 * 25 + 10 * 10 * connections_of_c3 + 120 * 400
    subsampling = 14 * 14 * 6 + 5 * 5 * 16
    return convolutions + subsampling + 120 * 84 + 10 * 84


def test_lenet5_costs_what_its_paper_connects(monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    found = costs.of(parts.LeNet5(), (32, 32, 1))
    assert not found.unknown
    assert found.parameters == 60_000 + 840
    assert found.macs == lenet5_by_hand()


@pytest.mark.parametrize("whose", ["keras", "solutions"])
def test_a_network_of_blocks_is_the_sum_of_its_layers(whose, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", whose)
    model = parts.network("ResNet18")(10, "cifar", width=4)
    found = costs.of(model, (8, 8, 3))
    stages, side, before = [4, 8, 16, 32], 8, 4
    macs, convolutions = 64 * 9 * 3 * 4, 1
    for number, width in enumerate(stages):
        side = side // 2 if number else side
        inputs = [before, width, width, width]
        macs += sum(side**2 * 9 * channels * width for channels in inputs)
        macs += side**2 * before * width if number else 0
        convolutions += 5 if number else 4
        before = width
    assert not found.unknown
    assert found.macs == macs + 32 * 10
    assert found.parameters == model.count_params()
    assert sum(row.kind == "Conv2D" for row in found.rows) == convolutions
    blocks = [row for row in found.rows if row.kind == "ResidualBlock"]
    assert [(row.macs, row.parameters) for row in blocks] == [(0, 0)] * 8


class Mixer(keras.Layer):
    """Multiplies by a matrix of its own."""

    def build(self, input_shape):
        self.matrix = self.add_weight(name="matrix", shape=(input_shape[-1], 3))

    def call(self, inputs):
        return inputs @ self.matrix


def test_a_layer_without_a_rule_says_unknown_and_is_not_counted_as_nothing():
    found = costs.of(keras.Sequential([layers.Dense(4), Mixer()]), (5,))
    assert [row.kind for row in found.unknown] == ["Mixer"]
    assert (found.macs, found.parameters) == (5 * 4, 5 * 4 + 4 + 4 * 3)
    assert "at least 20" in str(found) and "unknown" in str(found)


def test_a_layer_that_computes_between_its_layers_says_unknown():
    class Wrapped(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(4)

        def call(self, inputs):
            y = self.inner(inputs)
            return y @ keras.ops.transpose(y)

    found = costs.of(Wrapped(), (5,))
    assert [row.kind for row in found.rows] == ["Wrapped", "Dense"]
    assert [row.kind for row in found.unknown] == ["Wrapped"]


def test_a_shared_layer_costs_twice_and_has_its_parameters_once():
    inputs = keras.Input((5,))
    shared = layers.Dense(5)
    found = costs.of(keras.Model(inputs, shared(shared(inputs))))
    assert [row.macs for row in found.rows] == [25, 25]
    assert [row.parameters for row in found.rows] == [30, 0]


def test_a_model_of_several_inputs_is_given_all_of_them():
    """By its own structure: a list, a dictionary, integers among floats."""
    words = keras.Input((6,), dtype="int32", name="words")
    image = keras.Input((4, 5), name="image")
    x = layers.Flatten()(layers.Embedding(9, 2)(words))
    y = layers.Dense(3)(layers.Concatenate()([x, layers.Flatten()(image)]))
    for inputs in ([words, image], {"words": words, "image": image}):
        found = costs.of(keras.Model(inputs, y))
        assert found.macs == (6 * 2 + 4 * 5) * 3
        assert found.parameters == 9 * 2 + found.macs + 3
    given = keras.Input((None,)), keras.Input((4,))
    pooled = layers.Dense(2)(layers.Reshape((-1, 1))(given[0]))
    with pytest.raises(ValueError, match="give input_shape"):
        costs.of(keras.Model(given, [pooled, given[1]]))


def test_a_class_of_several_inputs_is_given_a_list_of_shapes():
    class Similarity(keras.Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = layers.Dense(4), layers.Dense(4)

        def call(self, inputs):
            return self.left(inputs[0]) * self.right(inputs[1])

    found = costs.of(Similarity(), [(5,), (3,)])
    assert [row.macs for row in found.rows] == [5 * 4, 3 * 4]


def test_half_precision_halves_the_activations():
    single = costs.of(layers.Dense(4), (5,))
    half = costs.of(layers.Dense(4, dtype="mixed_float16"), (5,))
    assert (single.activation_bytes, half.activation_bytes) == (16, 8)


def test_views_need_no_memory_of_their_own():
    model = keras.Sequential([layers.Flatten(), layers.Dropout(0.5), layers.Dense(2)])
    assert costs.of(model, (3, 4)).activation_bytes == 2 * 4


def test_an_example_of_unknown_size_is_asked_for():
    with pytest.raises(ValueError, match="give input_shape"):
        costs.of(keras.Sequential([layers.Dense(2)]))
    inputs = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match="give input_shape"):
        costs.of(keras.Model(inputs, layers.Conv2D(2, 3)(inputs)))


def test_afterwards_layers_are_called_as_before():
    before = keras.Layer.__call__
    with pytest.raises(ValueError, match="incompatible"):
        costs.of(layers.Conv2D(2, 3), (5,))
    assert keras.Layer.__call__ is before
