"""Channels first and last: shapes, tensors, and which of the two is meant."""

import keras
import numpy as np
import pytest
from keras import ops

from course.data_format import image_spec, resolved, sees_channels_last


class Doubled(keras.Layer):
    """Twice the image, and a note of what its methods have seen."""

    def __init__(self, data_format=None, pooled=False):
        super().__init__()
        self.data_format, self.pooled = resolved(data_format), pooled
        self.input_spec = image_spec(self.data_format)
        self.seen = {}

    @sees_channels_last
    def build(self, input_shape):
        self.seen["build"] = tuple(input_shape)
        self.input_spec = image_spec(self.data_format, input_shape[-1])

    @sees_channels_last
    def call(self, inputs):
        self.seen["call"] = tuple(inputs.shape)
        return ops.mean(inputs, (1, 2)) if self.pooled else 2 * inputs

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        self.seen["shape"] = tuple(input_shape)
        return (input_shape[0], input_shape[-1]) if self.pooled else input_shape


IMAGES = np.arange(2 * 3 * 4 * 5, dtype="float32").reshape(2, 3, 4, 5)


def test_none_means_channels_last():
    assert resolved(None) == resolved("channels_last") == "channels_last"
    assert resolved("Channels_First") == "channels_first"


@pytest.mark.parametrize("wrong", ["channels_somewhere", "", 3, ("channels_first",)])
def test_another_data_format_is_refused_in_the_words_of_keras(wrong):
    for refuses in (resolved, lambda wrong: keras.layers.ZeroPadding2D(1, wrong)):
        with pytest.raises(ValueError, match="`data_format` argument must be one of"):
            refuses(wrong)


def test_under_a_setting_of_channels_first_the_data_format_has_to_be_named():
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="data_format='channels_last' or"):
            resolved(None)
        assert resolved("channels_last") == "channels_last"
        assert resolved("channels_first") == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")


def test_methods_see_channels_last_and_callers_their_own():
    layer = Doubled("channels_first")
    np.testing.assert_array_equal(layer(IMAGES), 2 * IMAGES)
    assert layer.seen["build"] == layer.seen["call"] == (2, 4, 5, 3)
    assert layer.compute_output_shape((None, 3, None, 5)) == (None, 3, None, 5)
    assert layer.seen["shape"] == (None, None, 5, 3)


def test_channels_last_are_not_touched():
    layer = Doubled()
    np.testing.assert_array_equal(layer(IMAGES), 2 * IMAGES)
    assert layer.seen == {"build": (2, 3, 4, 5), "call": (2, 3, 4, 5)}


def test_what_has_no_height_and_width_any_more_stays_as_it_is():
    layer = Doubled("channels_first", pooled=True)
    np.testing.assert_allclose(layer(IMAGES), IMAGES.mean((2, 3)))
    assert layer.compute_output_shape((None, 3, 4, 5)) == (None, 3)


def test_arguments_may_have_names():
    layer = Doubled("channels_first")
    assert layer.compute_output_shape(input_shape=(2, 3, 4, 5)) == (2, 3, 4, 5)
    layer.build(input_shape=(None, 3, 4, 5))
    assert layer.get_build_config() == {"input_shape": (None, 3, 4, 5)}
    np.testing.assert_array_equal(layer(inputs=IMAGES), 2 * IMAGES)


def test_a_graph_and_its_unknown_sizes_are_those_of_the_caller():
    given = keras.Input((3, None, None))
    layer = Doubled("channels_first")
    result = layer(given)
    assert result.shape == (None, 3, None, None)
    assert layer.seen["build"] == (None, None, None, 3)
    model = keras.Model(given, result)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), 2 * IMAGES)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_a_layer_remembers_how_many_channels_it_was_built_for(data_format):
    axis = 1 if data_format == "channels_first" else 3
    layer = Doubled(data_format)
    layer(IMAGES)
    layer(IMAGES[:1] if axis == 1 else IMAGES[:, :2])
    with pytest.raises(ValueError, match="incompatible"):
        layer(np.delete(IMAGES, 0, axis))
    with pytest.raises(ValueError, match="expected ndim=4"):
        layer(IMAGES[0])


def test_too_many_arguments_are_a_type_error_as_ever():
    with pytest.raises(TypeError):
        Doubled("channels_first").compute_output_shape((2, 3, 4, 5), (2, 3, 4, 5))
