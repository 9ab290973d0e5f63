"""Convolution and pooling against Keras on the backend in use, and against PyTorch."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u05_convolution import conv2d, numpy_conv2d, pooling

BACKEND = keras.backend.backend()
CONVOLUTIONS = {  # height, width and channels, then the arguments
    "plain": ((6, 7, 3), {"kernel_size": (3, 2)}),
    "same": ((6, 7, 3), {"kernel_size": (2, 3), "padding": "same"}),
    "strides": ((9, 8, 2), {"kernel_size": 3, "strides": (2, 3)}),
    "strides and same": (
        (9, 8, 2),
        {"kernel_size": 3, "strides": 2, "padding": "same"},
    ),
    "stride above the kernel": (
        (8, 7, 2),
        {"kernel_size": (1, 2), "strides": 3, "padding": "same"},
    ),
    "dilation": ((9, 10, 2), {"kernel_size": (3, 2), "dilation_rate": (2, 3)}),
    "dilation and same": (
        (5, 6, 2),
        {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    ),
    "groups": ((5, 6, 4), {"kernel_size": 3, "groups": 2, "activation": "relu"}),
    "a group a channel": (
        (7, 6, 2),
        {"kernel_size": 3, "groups": 2, "strides": 2, "padding": "same"},
    ),
    "no bias": ((5, 5, 2), {"kernel_size": 1, "use_bias": False}),
}
WINDOWS = {  # height and width, then the arguments
    "plain": ((6, 9), {"pool_size": 2}),
    "a row left over": ((7, 9), {"pool_size": (2, 4)}),
    "overlapping": ((7, 8), {"pool_size": 3, "strides": 2}),
    "with gaps": ((8, 7), {"pool_size": (1, 2), "strides": (3, 4)}),
    "same": ((9, 8), {"pool_size": 3, "strides": 2, "padding": "same"}),
    "same, oblong": ((9, 8), {"pool_size": (3, 2), "strides": 1, "padding": "same"}),
}
NAMES = ["MaxPooling2D", "AveragePooling2D"]
GLOBAL_NAMES = ["GlobalMaxPooling2D", "GlobalAveragePooling2D"]


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs)) <= tolerance * max(
        np.max(np.abs(theirs)), 1e-9
    )


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def convolutions(rng, case, batch=2, dtype="float32"):
    """Our layer and Keras's, with the same random weights, and images for both."""
    size, arguments = CONVOLUTIONS[case]
    images = rng.normal(size=(batch, *size)).astype("float64")
    ours = conv2d.Conv2D(4, dtype=dtype, **arguments)
    theirs = keras.layers.Conv2D(4, dtype=dtype, **arguments)
    for layer in (ours, theirs):
        layer.build((None, *size))
    values = [rng.normal(size=weight.shape) for weight in theirs.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    return ours, theirs, images.astype("float64" if dtype == "float64" else "float32")


def gradients(layer, images, upstream):
    """Of Σ upstream · layer(images), for the images and for the weights."""
    x = autodiff.watch(images)
    weights = layer.trainable_weights
    return autodiff.gradients(
        lambda: ops.sum(layer(x) * ops.cast(upstream, layer.compute_dtype)),
        [x, *weights],
    )


# Conv2D and Keras


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_matches_keras(rng, case, batch):
    ours, theirs, images = convolutions(rng, case, batch)
    assert ours.count_params() == theirs.count_params()
    assert ours.compute_output_shape((None, *images.shape[1:])) == (
        theirs.compute_output_shape((None, *images.shape[1:]))
    )
    agree(ours(images), theirs(images))


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_has_the_gradients_of_keras(rng, case):
    ours, theirs, images = convolutions(rng, case)
    upstream = rng.normal(size=theirs(images).shape)
    for found, expected in zip(
        gradients(ours, images, upstream),
        gradients(theirs, images, upstream),
        strict=True,
    ):
        agree(found, expected)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_computes_float64_in_float64(rng, case):
    ours, theirs, images = convolutions(rng, case, dtype="float64")
    assert keras.backend.standardize_dtype(ours(images).dtype) == "float64"
    agree(ours(images), theirs(images), 1e-10)


@pytest.mark.parametrize("policy, tolerance", [("float16", 1e-2), ("bfloat16", 5e-2)])
def test_convolution_in_mixed_precision(rng, policy, tolerance):
    ours, _, images = convolutions(rng, "strides and same", dtype=f"mixed_{policy}")
    _, exact, _ = convolutions(np.random.default_rng(5), "strides and same")
    assert keras.backend.standardize_dtype(ours(images).dtype) == policy
    assert keras.backend.standardize_dtype(ours.kernel.dtype) == "float32"
    agree(ours(images), exact(images), tolerance)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_survives_a_file_and_an_unknown_batch(rng, case, tmp_path):
    ours, theirs, images = convolutions(rng, case, batch=3)
    given = keras.Input(images.shape[1:])
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    agree(model.predict(images, verbose=0), theirs(images))
    agree(model.predict(images[:1], verbose=0), theirs(images[:1]))


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_keras_understands_our_configuration_of_convolution(rng, case):
    ours, theirs, _ = convolutions(rng, case)
    config = {**ours.get_config(), "name": theirs.name, "activity_regularizer": None}
    assert config == theirs.get_config()
    assert keras.layers.Conv2D.from_config(config).get_config() == config
    copy = conv2d.Conv2D.from_config(config).get_config()
    assert {**copy, "activity_regularizer": None} == config


def resized(layer, rng, channels):
    """What a layer gives for images of several sizes, in one compiled model."""
    given = keras.Input((None, None, channels))
    model = keras.Model(given, layer(given))
    sizes = [(9, 8), (7, 10), (8, 8), (6, 11)]
    images = [rng.normal(size=(2, *size, channels)).astype("float32") for size in sizes]
    return [(x, model.predict(x, verbose=0)) for x in images]


@pytest.mark.parametrize("case", ["plain", "strides and same", "dilation and same"])
def test_convolution_takes_images_of_all_sizes_in_one_graph(rng, case):
    ours, theirs, images = convolutions(rng, case)
    for x, y in resized(ours, rng, images.shape[-1]):
        agree(y, theirs(x))


def test_a_kernel_larger_than_the_image_is_refused_with_the_sizes():
    with pytest.raises(ValueError, match="5 pixels does not fit into 4"):
        conv2d.Conv2D(2, 5)(np.zeros((1, 4, 6, 1), "float32"))


@pytest.mark.parametrize("case", ["strides and same", "dilation", "groups"])
def test_convolution_under_the_compiler(rng, case):
    ours, theirs, images = convolutions(rng, case)
    agree(compiled(ours, images), theirs(images))


def compiled(layer, images):
    """XLA on TensorFlow; on PyTorch what torch.compile traces."""
    given = keras.Input(images.shape[1:])
    model = keras.Model(given, layer(given))
    if BACKEND == "torch":
        import torch

        return torch.compile(layer, backend="eager")(ops.convert_to_tensor(images))
    model.compile(jit_compile=True)
    return model.predict(images, verbose=0)


# Pooling and Keras


def pools(name, case, **kwargs):
    """The images' size, our layer and Keras's."""
    size, arguments = WINDOWS[case]
    ours = getattr(pooling, name)(**arguments, **kwargs)
    return size, ours, getattr(keras.layers, name)(**arguments, **kwargs)


def oracle_holds(name, case):
    """Keras's average pooling on PyTorch counts some of the padding."""
    padded = WINDOWS[case][1].get("padding") == "same"
    return not (BACKEND == "torch" and name == "AveragePooling2D" and padded)


POOLS = [(name, case) for name in NAMES for case in WINDOWS if oracle_holds(name, case)]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name, case", POOLS)
def test_pooling_matches_keras(rng, name, case, batch):
    size, ours, theirs = pools(name, case)
    images = rng.normal(size=(batch, *size, 3)).astype("float32") - 4  # all below zero
    assert ours.compute_output_shape((None, *size, 3)) == (
        theirs.compute_output_shape((None, *size, 3))
    )
    agree(ours(images), theirs(images))
    upstream = rng.normal(size=theirs(images).shape)
    found, expected = (gradients(layer, images, upstream) for layer in (ours, theirs))
    agree(found[0], expected[0])


@pytest.mark.parametrize("name, case", POOLS)
@pytest.mark.parametrize("dtype", ["float64", "mixed_float16", "mixed_bfloat16"])
def test_pooling_in_other_precisions(rng, name, case, dtype):
    size, ours, theirs = pools(name, case, dtype=dtype)
    images = rng.normal(size=(2, *size, 3))
    y = ours(images)
    assert keras.backend.standardize_dtype(y.dtype) == dtype.removeprefix("mixed_")
    agree(y, theirs(images), {"6": 1e-10, "f": 1e-2}.get(dtype[-2], 5e-2))


@pytest.mark.parametrize("name", NAMES)
def test_pooling_survives_a_file_an_unknown_batch_and_all_sizes(rng, name, tmp_path):
    _, ours, theirs = pools(name, "overlapping")
    given = keras.Input((None, None, 2))
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    for x, y in resized(loaded, rng, 2):
        agree(y, theirs(x))


def test_padded_average_takes_images_of_all_sizes_in_one_graph(rng):
    layer = pooling.AveragePooling2D(3, 2, "same")
    for x, y in resized(layer, rng, 2):
        agree(y, layer(x))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ["overlapping", "same, oblong"])
def test_pooling_under_the_compiler(rng, name, case):
    size, ours, _ = pools(name, case)
    images = rng.normal(size=(2, *size, 3)).astype("float32")
    agree(compiled(ours, images), ours(images))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", GLOBAL_NAMES)
def test_global_pooling_matches_keras(rng, name, keepdims, tmp_path):
    ours = getattr(pooling, name)(keepdims=keepdims)
    theirs = getattr(keras.layers, name)(keepdims=keepdims)
    images = rng.normal(size=(3, 5, 7, 2)).astype("float32")
    agree(ours(images), theirs(images))
    agree(compiled(ours, images), theirs(images))
    upstream = rng.normal(size=theirs(images).shape)
    found, expected = (gradients(layer, images, upstream) for layer in (ours, theirs))
    agree(found[0], expected[0])
    for x, y in resized(ours, rng, 2):
        agree(y, theirs(x))


@pytest.mark.parametrize("name", [*NAMES, *GLOBAL_NAMES])
def test_keras_understands_our_configuration_of_pooling(name):
    arguments = {"pool_size": (3, 2), "padding": "same"} if name in NAMES else {}
    ours = getattr(pooling, name)(name="p", **arguments)
    theirs = getattr(keras.layers, name)(name="p", **arguments)
    assert ours.get_config() == theirs.get_config()


# PyTorch


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def first(torch, array):
    """Channels first, as PyTorch has them, and ready for gradients."""
    return torch.tensor(np.moveaxis(array, 3, 1)).contiguous().requires_grad_()


def last(tensor):
    return np.moveaxis(tensor.detach().numpy(), 1, 3)


@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 2), (2, 1), (3, 0), (4, 3)])
@pytest.mark.parametrize("suffix", ["", "_im2col"])
def test_numpy_convolution_matches_torch(rng, torch, suffix, stride, padding):
    forward = getattr(numpy_conv2d, f"conv2d_forward{suffix}")
    backward = getattr(numpy_conv2d, f"conv2d_backward{suffix}")
    x, kernel = rng.normal(size=(2, 7, 8, 3)), rng.normal(size=(3, 2, 3, 4))
    bias = rng.normal(size=4)
    inputs = first(torch, x)
    weight = torch.tensor(kernel.transpose(3, 2, 0, 1).copy()).requires_grad_()
    offset = torch.tensor(bias).requires_grad_()
    expected = torch.nn.functional.conv2d(inputs, weight, offset, stride, padding)
    y = forward(x, kernel, bias, stride, padding)
    agree(y, last(expected), 1e-12)
    dy = rng.normal(size=y.shape)
    expected.backward(torch.tensor(np.moveaxis(dy, 3, 1).copy()))
    dx, dkernel, dbias = backward(dy, x, kernel, stride, padding)
    agree(dx, last(inputs.grad), 1e-12)
    agree(dkernel, weight.grad.numpy().transpose(2, 3, 1, 0), 1e-12)
    agree(dbias, offset.grad.numpy(), 1e-12)


UNPADDED = [c for c in CONVOLUTIONS if "padding" not in CONVOLUTIONS[c][1]]


@pytest.mark.parametrize("case", UNPADDED)
def test_convolution_matches_torch(rng, torch, case):
    ours, _, images = convolutions(rng, case)
    weights = [torch.tensor(w) for w in ours.get_weights()]
    expected = torch.nn.functional.conv2d(
        first(torch, images),
        weights[0].permute(3, 2, 0, 1),
        weights[1] if ours.use_bias else None,
        ours.strides,
        dilation=ours.dilation_rate,
        groups=ours.groups,
    )
    if ours.activation is keras.activations.relu:
        expected = expected.relu()
    agree(ours(images), last(expected))


@pytest.mark.parametrize("case", [c for c in WINDOWS if "same" not in c])
def test_pooling_matches_torch(rng, torch, case):
    size = WINDOWS[case][0]
    images = rng.normal(size=(2, *size, 3)).astype("float32")
    for name, function in zip(NAMES, ("max_pool2d", "avg_pool2d"), strict=True):
        _, ours, _ = pools(name, case)
        function = getattr(torch.nn.functional, function)
        expected = function(first(torch, images), ours.pool_size, ours.strides)
        agree(ours(images), last(expected))


def test_average_of_odd_windows_at_stride_1_matches_torch_without_its_padding(
    rng, torch
):
    images = rng.normal(size=(2, 9, 8, 3)).astype("float32")
    expected = torch.nn.functional.avg_pool2d(
        first(torch, images), (3, 5), 1, padding=(1, 2), count_include_pad=False
    )
    agree(pooling.AveragePooling2D((3, 5), 1, "same")(images), last(expected))
