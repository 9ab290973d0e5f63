"""A one-hot row for each index, times the table."""

import keras
from keras import ops

from course import weights as course_weights


@keras.saving.register_keras_serializable(package="layerwise")
class Embedding(keras.Layer):
    def __init__(self, input_dim, output_dim, mask_zero=False, weights=None, **kwargs):
        for name in ("lora_rank", "lora_alpha", "quantization_config"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(name)
        for size in (input_dim, output_dim):
            if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
                raise ValueError(f"a size of {size}")
        super().__init__(
            **course_weights.take_settings(self, kwargs, embeddings="uniform")
        )
        self.input_dim, self.output_dim = input_dim, output_dim
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        if weights is not None:
            self.build(None)
            self.embeddings.assign(weights)

    def build(self, input_shape=None):
        if not self.built:
            self.embeddings = self.add_weight(
                (self.input_dim, self.output_dim),
                name="embeddings",
                **course_weights.settings(self, "embeddings"),
            )

    def call(self, inputs):
        numbers = ops.arange(self.input_dim, dtype="int32")
        hot = ops.equal(ops.cast(inputs, "int32")[..., None], numbers)  # (…, V)
        table = ops.convert_to_tensor(self.embeddings)
        y = ops.einsum("...v,vd->...d", ops.cast(hot, table.dtype), table)
        return ops.cast(y, self.compute_dtype)

    def compute_mask(self, inputs, mask=None):
        if self.mask_zero:
            return ops.logical_not(ops.equal(inputs, 0))
        return None

    def compute_output_shape(self, input_shape):
        return tuple(input_shape) + (self.output_dim,)

    def get_config(self):
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "mask_zero": self.mask_zero,
            **course_weights.config(self, "embeddings"),
        }
