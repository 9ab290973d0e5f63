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
    """Multiplies by one weight: the smallest layer that has settings, in `**kwargs`."""

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


class Listed(Scale):
    """The same with its settings listed, as those layers have them that replace Keras's."""

    def __init__(
        self,
        kernel_initializer="zeros",
        kernel_regularizer=None,
        kernel_constraint=None,
        **kwargs,
    ):
        keras.Layer.__init__(self, **kwargs)
        weights.keep_settings(
            self, kernel=(kernel_initializer, kernel_regularizer, kernel_constraint)
        )


both = pytest.mark.parametrize("kind", [Scale, Listed])


@both
def test_the_default_initializer_is_used(kind):
    layer = kind()
    layer.build((None, 2))
    assert layer.get_weights()[0] == 0


@both
def test_settings_reach_the_weight(kind):
    layer = kind(**SETTINGS)
    layer(np.ones((1, 2), "float32"))
    assert layer.get_weights()[0] == 1
    assert isinstance(layer.kernel.constraint, keras.constraints.NonNeg)
    losses = sorted(float(keras.ops.convert_to_numpy(loss)) for loss in layer.losses)
    np.testing.assert_allclose(losses, [0.02, 0.1], rtol=1e-5)


@both
def test_the_configuration_round_trips_and_is_json(kind):
    import json

    config = kind(name="scale", **SETTINGS).get_config()
    again = kind.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    assert again.name == "scale"


@both
def test_an_unknown_argument_is_refused(kind):
    with pytest.raises(ValueError, match="kernel_colour"):
        kind(kernel_colour="red")


@both
def test_an_unknown_initializer_is_refused(kind):
    with pytest.raises(ValueError, match="no_such"):
        kind(kernel_initializer="no_such")


@both
@pytest.mark.parametrize("mode", ["int8", "float8"])
def test_a_quantized_dtype_is_refused_before_it_fails_in_a_call(kind, mode):
    policy = keras.dtype_policies.get(f"{mode}_from_float32")
    for dtype in (policy, policy.name, keras.saving.serialize_keras_object(policy)):
        with pytest.raises(ValueError, match="quantization is not built"):
            kind(dtype=dtype)


@both
def test_a_quantized_dtype_that_is_set_for_all_layers_is_refused(kind):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("int8_from_float32")
    try:
        with pytest.raises(ValueError, match="quantization is not built"):
            kind()
    finally:
        keras.config.set_dtype_policy(before)


def test_what_is_not_built_is_refused_by_its_name():
    weights.refuse(lora_rank=None, synchronized=False)
    with pytest.raises(ValueError, match="lora_rank is not built here"):
        weights.refuse(synchronized=False, lora_rank=0)
