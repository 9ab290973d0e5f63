"""Interpolations from Keras, by whole factors."""

import keras
import numpy as np
import pytest
from keras import ops

from course.resizing import CURVED, enlarged

IMAGES = np.random.default_rng(0).normal(size=(2, 4, 3, 2)).astype("float32")
HELD = CURVED if keras.config.backend() == "tensorflow" else ("bicubic",)


@pytest.mark.parametrize("interpolation", HELD)
def test_a_constant_stays_constant_and_sizes_are_multiplied(interpolation):
    found = ops.convert_to_numpy(enlarged(0 * IMAGES + 3, (2, 5), interpolation))
    assert found.shape == (2, 8, 15, 2)
    np.testing.assert_allclose(found, 3, rtol=1e-5)


@pytest.mark.parametrize("interpolation", HELD)
def test_channels_stand_last_whatever_keras_is_set_to(interpolation):
    expected = ops.convert_to_numpy(enlarged(IMAGES, (3, 2), interpolation))
    keras.config.set_image_data_format("channels_first")
    try:
        found = ops.convert_to_numpy(enlarged(IMAGES, (3, 2), interpolation))
    finally:
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(found, expected)
    by_channel = enlarged(IMAGES[..., :1], (3, 2), interpolation)
    np.testing.assert_allclose(found[..., :1], by_channel, atol=1e-5)


@pytest.mark.parametrize("built", ["nearest", "bilinear", "area"])
def test_what_is_built_elsewhere_is_refused(built):
    with pytest.raises(ValueError, match="bicubic, lanczos3, lanczos5"):
        enlarged(IMAGES, (2, 2), built)
