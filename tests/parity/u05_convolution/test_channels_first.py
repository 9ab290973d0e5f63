"""Channels first: against Keras, with its channels first where the backend can.

TensorFlow has no such convolutions on a processor; there the channels are moved around
Keras's layer.
"""

import keras
import pytest

from solutions.u05_convolution import (
    conv2d,
    conv2d_transpose,
    depthwise_conv2d,
    pooling,
    upsampling,
)
from tests.parity.u05_convolution.comparing import (
    BACKEND,
    agree,
    compiled,
    gradients,
)

SIZE = (4, 9, 8)  # channels, height, width
SAME = {"strides": 2, "padding": "same"}
CASES = {
    "Conv2D": (conv2d, {"filters": 3, "kernel_size": (3, 2), **SAME}),
    "Conv2D, groups": (
        conv2d,
        {"filters": 6, "kernel_size": 3, "groups": 2, "activation": "relu"},
    ),
    "DepthwiseConv2D": (
        depthwise_conv2d,
        {"kernel_size": (3, 2), "depth_multiplier": 2, **SAME},
    ),
    "SeparableConv2D": (depthwise_conv2d, {"filters": 3, "kernel_size": 3, **SAME}),
    "Conv2DTranspose": (
        conv2d_transpose,
        {"filters": 3, "kernel_size": (3, 4), **SAME},
    ),
    "MaxPooling2D": (pooling, {"pool_size": (3, 2), **SAME}),
    "AveragePooling2D": (pooling, {"pool_size": (3, 2), "strides": (2, 1)}),
    "GlobalMaxPooling2D": (pooling, {}),
    "GlobalAveragePooling2D": (pooling, {"keepdims": True}),
    "UpSampling2D": (upsampling, {"size": (2, 3)}),
    "UpSampling2D, bilinear": (
        upsampling,
        {"size": (1, 3), "interpolation": "bilinear"},
    ),
    "UpSampling2D, bicubic": (upsampling, {"size": 2, "interpolation": "bicubic"}),
    "ZeroPadding2D": (upsampling, {"padding": ((1, 0), (2, 3))}),
}


class Moved(keras.Layer):
    """Keras's layer for channels that come last, between two transpositions."""

    def __init__(self, layer):
        super().__init__(dtype=layer.dtype_policy)
        self.layer = layer

    def call(self, inputs):
        return keras.ops.moveaxis(self.layer(keras.ops.moveaxis(inputs, 1, -1)), -1, 1)


def kind_of(case):
    return case.partition(",")[0]


def ours_of(case, data_format="channels_first", **more):
    place, arguments = CASES[case]
    kind = getattr(place, kind_of(case))
    return kind(data_format=data_format, name="it", **arguments, **more)


def theirs_of(case, **more):
    """Keras's layer with the channels first, to be asked, and one to be called."""
    kind, arguments = getattr(keras.layers, kind_of(case)), CASES[case][1]
    asked = kind(data_format="channels_first", name="it", **arguments, **more)
    if BACKEND == "torch" or kind_of(case) not in ("Conv2D", "Conv2DTranspose"):
        return asked, asked
    return asked, Moved(kind(data_format="channels_last", **arguments, **more))


def layers(rng, case, batch=2, dtype="float32"):
    """Ours, Keras's to be asked, Keras's to be called; the same weights; images."""
    images = rng.normal(size=(batch, *SIZE))
    images = images.astype("float64" if dtype == "float64" else "float32")
    ours, (asked, called) = ours_of(case, dtype=dtype), theirs_of(case, dtype=dtype)
    for layer in (ours, asked, called):
        layer(images) if layer is called else layer.build((None, *SIZE))
    values = [rng.normal(size=weight.shape) for weight in asked.weights]
    ours.set_weights(values)
    called.set_weights(values)
    return ours, asked, called, images


@pytest.mark.parametrize("case", CASES)
def test_matches_keras_and_its_gradients(rng, case):
    ours, asked, called, images = layers(rng, case, batch=3)
    assert [w.shape for w in ours.weights] == [w.shape for w in asked.weights]
    agree(ours(images), called(images))
    agree(ours(images[:1]), called(images[:1]))
    upstream = rng.normal(size=called(images).shape)
    found, expected = (gradients(layer, images, upstream) for layer in (ours, called))
    for ours_, theirs in zip(found, expected, strict=True):
        agree(ours_, theirs)


@pytest.mark.parametrize("case", CASES)
def test_says_of_itself_what_keras_says(rng, case):
    ours, asked, _, _ = layers(rng, case)
    for shape in ((None, *SIZE), (2, 4, None, 8), (None, 4, None, None)):
        assert ours.compute_output_shape(shape) == tuple(
            asked.compute_output_shape(shape)
        )
    config = ours.get_config()
    assert config == {n: v for n, v in asked.get_config().items() if n in config}
    assert config["data_format"] == "channels_first"
    assert type(asked).from_config(config).get_config() == asked.get_config()
    assert type(ours).from_config(asked.get_config()).get_config() == config
    assert ours.input_spec.axes == asked.input_spec.axes


@pytest.mark.parametrize("case", CASES)
def test_float64_and_mixed_precision(rng, case):
    ours, _, called, images = layers(rng, case, dtype="float64")
    exact = called(images)
    single = BACKEND == "tensorflow" and "UpSampling2D," in case  # Keras's images there
    assert keras.backend.standardize_dtype(ours(images).dtype) == "float64"
    agree(ours(images), exact, 1e-6 if single else 1e-10)
    for half, tolerance in (("float16", 1e-2), ("bfloat16", 5e-2)):
        mixed = ours_of(case, dtype=f"mixed_{half}")
        mixed.build((None, *SIZE))
        mixed.set_weights(ours.get_weights())
        y = mixed(images.astype("float32"))
        assert keras.backend.standardize_dtype(y.dtype) == half
        agree(y, exact, tolerance)


@pytest.mark.parametrize("case", [case for case in CASES if "," not in case])
def test_survives_a_file_an_unknown_batch_and_unknown_sizes(rng, case, tmp_path):
    ours, _, called, _ = layers(rng, case)
    given = keras.Input((SIZE[0], None, None))
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    assert model.layers[-1].data_format == "channels_first"
    x = rng.normal(size=(3, SIZE[0], 6, 11)).astype("float32")
    agree(model.predict(x, verbose=0), called(x))


TRACED = ["AveragePooling2D", "UpSampling2D"]  # torch.compile takes long for the others
UNDER_XLA = ["Conv2D", "Conv2DTranspose", "GlobalMaxPooling2D"]


@pytest.mark.parametrize("case", TRACED + UNDER_XLA * (BACKEND == "tensorflow"))
def test_under_the_compiler(rng, case):
    ours, _, called, images = layers(rng, case)
    agree(compiled(ours, images), called(images))


@pytest.mark.parametrize("case", CASES)
def test_an_unknown_data_format_is_refused_as_keras_does(case):
    for place in (CASES[case][0], keras.layers):
        with pytest.raises(ValueError, match="`data_format` argument must be one of"):
            getattr(place, kind_of(case))(data_format="first", **CASES[case][1])


@pytest.mark.parametrize("case", CASES)
def test_under_keras_setting_of_channels_first_the_data_format_is_asked_for(case):
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="Say which one is meant"):
            ours_of(case, None)
        assert ours_of(case).data_format == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")
