"""The settings of weights: taken, used and given back as Keras's layers do."""

import keras
import numpy as np
import pytest

from course import weights

SETTINGS = {
    "kernel_initializer": "ones",
    "kernel_regularizer": keras.regularizers.L2(0.1),
    "kernel_constraint": "non_neg",
    "activity_regularizer": "l1",
}


class Scale(keras.Layer):
    """Multiplies by one weight: the smallest layer that has settings."""

    def __init__(self, **kwargs):
        super().__init__(**weights.take_settings(self, kwargs, kernel="zeros"))

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(1,), **weights.settings(self, "kernel")
        )

    def call(self, inputs):
        return inputs * self.kernel

    def get_config(self):
        return {**super().get_config(), **weights.config(self, "kernel")}


def test_the_default_initializer_is_used():
    layer = Scale()
    layer.build((None, 2))
    assert layer.get_weights()[0] == 0


def test_settings_reach_the_weight():
    layer = Scale(**SETTINGS)
    layer(np.ones((1, 2), "float32"))
    assert layer.get_weights()[0] == 1
    assert isinstance(layer.kernel.constraint, keras.constraints.NonNeg)
    losses = sorted(float(keras.ops.convert_to_numpy(loss)) for loss in layer.losses)
    np.testing.assert_allclose(losses, [0.02, 0.1], rtol=1e-5)


def test_the_configuration_round_trips_and_is_json():
    import json

    config = Scale(name="scale", **SETTINGS).get_config()
    again = Scale.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    assert again.name == "scale"


def test_an_unknown_argument_is_refused():
    with pytest.raises(ValueError, match="kernel_colour"):
        Scale(kernel_colour="red")


def test_an_unknown_initializer_is_refused():
    with pytest.raises(ValueError, match="no_such"):
        Scale(kernel_initializer="no_such")
