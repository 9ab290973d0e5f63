"""Pooling against Keras on the backend in use, and against PyTorch."""

import keras
import numpy as np
import pytest

from solutions.u05_convolution import pooling
from tests.parity.u05_convolution.comparing import (
    BACKEND,
    agree,
    compiled,
    first,
    gradients,
    last,
    resized,
)

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
    agree(ours(images[:1]), theirs(images[:1]))
    given = keras.Input((None, None, 2))
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    assert type(loaded) is type(ours)
    for x, y in resized(loaded, rng, 2):
        agree(y, theirs(x))


@pytest.mark.parametrize("name", GLOBAL_NAMES)
@pytest.mark.parametrize("dtype", ["float64", "mixed_float16", "mixed_bfloat16"])
def test_global_pooling_in_other_precisions(rng, name, dtype):
    images = rng.normal(size=(2, 5, 7, 3))
    y = getattr(pooling, name)(dtype=dtype)(images)
    assert keras.backend.standardize_dtype(y.dtype) == dtype.removeprefix("mixed_")
    oracle = {"GlobalMaxPooling2D": np.max, "GlobalAveragePooling2D": np.mean}[name]
    # On PyTorch Keras's `ops.mean` rounds to float32.
    tolerance = {"float64": 1e-6, "mixed_float16": 1e-2}.get(dtype, 5e-2)
    agree(y, oracle(images, axis=(1, 2)), tolerance)


@pytest.mark.parametrize("name", [*NAMES, *GLOBAL_NAMES])
def test_keras_understands_our_configuration_of_pooling(name):
    arguments = {"pool_size": (3, 2), "padding": "same"} if name in NAMES else {}
    ours = getattr(pooling, name)(name="p", **arguments)
    theirs = getattr(keras.layers, name)(name="p", **arguments)
    assert ours.get_config() == theirs.get_config()


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
