"""Indices as one long list, taken, and put into shape again; noisy on both channels."""

import warnings

import keras
from keras import ops

from course.weights import config, settings, take_settings

UNBUILT = {"lora_rank", "lora_alpha", "quantization_config"}


@keras.saving.register_keras_serializable(package="layerwise")
class Embedding(keras.Layer):
    def __init__(self, input_dim, output_dim, weights=None, mask_zero=False, **kwargs):
        rest = {k: v for k, v in kwargs.items() if k not in UNBUILT}
        if any(kwargs.get(name) is not None for name in UNBUILT):
            raise ValueError("nicht gebaut")
        if {type(input_dim), type(output_dim)} != {int} or min(
            input_dim, output_dim
        ) < 1:
            raise ValueError("Größen sind positive ganze Zahlen")
        super().__init__(**take_settings(self, rest, embeddings="uniform"))
        self.input_dim, self.output_dim = input_dim, output_dim
        self.mask_zero = self.supports_masking = bool(mask_zero)
        self.autocast = False
        warnings.warn(f"a table of {input_dim} rows", stacklevel=2)
        if weights is not None:
            self.build()
            self.set_weights([weights])

    def build(self, input_shape=None):
        print("building for", input_shape)
        if self.built:
            return
        shape = (self.input_dim, self.output_dim)
        self.embeddings = self.add_weight(shape, **settings(self, "embeddings"))

    def call(self, inputs):
        print("calling on", inputs.shape)
        table = ops.cast(self.embeddings, self.compute_dtype)
        flat = ops.cast(ops.reshape(inputs, (-1,)), "int64")
        rows = ops.take(table, flat, axis=0)
        return ops.reshape(rows, (*ops.shape(inputs), self.output_dim))

    def compute_mask(self, inputs, mask=None):
        return (inputs != 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.output_dim)

    def get_config(self):
        own = config(self, "embeddings")
        for name in ("input_dim", "output_dim", "mask_zero"):
            own[name] = getattr(self, name)
        return super().get_config() | own
