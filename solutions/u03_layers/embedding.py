"""The embedding, a table of vectors to look up (Bengio, Ducharme, Vincent & Jauvin, 2003)."""

import keras
from keras import ops

from course.weights import config, keep_settings, refuse, settings


@keras.saving.register_keras_serializable(package="layerwise")
class Embedding(keras.Layer):
    """Puts a learned vector in the place of each index.

    With `embeddings` e of shape (V, D) and indices x from 0 to V − 1:

        y[…, d] = e[x[…], d]

    That is the row of a one-hot vector times a matrix, without the V − 1 products by
    zero. The gradient of a row is the sum over all places where its index stands; rows
    that were not looked up have the gradient 0.

    Indices may be integers of any kind, or floats such as 3.0, which `keras.Input`
    makes by default. In mixed precision the result is float16, but indices must never
    be: float16 knows no 2,049.

    With `mask_zero`, index 0 means "nothing here": `compute_mask` marks what is not 0,
    and Keras hands the mask on to layers that know what to do with it. Row 0 is looked
    up and returned like any other.

    Args:
        input_dim: V, how many indices there are, the 0 included.
        output_dim: D, how long the vector of each is.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: As
            Keras's, in Keras's order.
        mask_zero: Whether the layer makes a mask.
        weights: The table to start with, an array (V, D), or None.
        lora_rank, lora_alpha, quantization_config: Keras's too; refused, not built here.
        **kwargs: What every Keras layer takes; a quantized dtype is refused.

    Input shape: any; all sizes may be unknown.
    Output shape: the input's, and D behind it.

    Weights: `embeddings` (V, D).

    Raises:
        ValueError: If `input_dim` or `output_dim` is no positive integer.

    Reference: https://jmlr.org/papers/v3/bengio03a.html, section 2 (there the table is
    called C).
    """

    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero=False,
        weights=None,
        lora_rank=None,
        lora_alpha=None,
        quantization_config=None,
        **kwargs,
    ):
        refuse(
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
        )
        for name, size in {"input_dim": input_dim, "output_dim": output_dim}.items():
            if type(size) is not int or size < 1:
                raise ValueError(f"`{name}` must be a positive integer; got {size!r}.")
        super().__init__(**kwargs)
        keep_settings(
            self,
            embeddings=(
                embeddings_initializer,
                embeddings_regularizer,
                embeddings_constraint,
            ),
        )
        self.input_dim, self.output_dim = input_dim, output_dim
        self.mask_zero = self.supports_masking = mask_zero
        self.autocast = False  # indices come as they are, not rounded to float16
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) else [weights])

    def build(self, input_shape=None):
        if self.built:
            return  # `weights` has built it
        ### BEGIN SOLUTION the table, with settings(self, "embeddings")
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            **settings(self, "embeddings"),
        )
        ### END SOLUTION

    def call(self, inputs):
        ### BEGIN SOLUTION the rows at these indices, in self.compute_dtype
        indices = ops.cast(inputs, "int32")
        rows = ops.take(self.embeddings, indices, axis=0)  # (…, D)
        return ops.cast(rows, self.compute_dtype)
        ### END SOLUTION

    def compute_mask(self, inputs, mask=None):
        """With `mask_zero`, True where an index is not 0; otherwise None."""
        ### BEGIN SOLUTION compare the indices with 0, if a mask is wanted
        return ops.not_equal(inputs, 0) if self.mask_zero else None
        ### END SOLUTION

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "mask_zero": self.mask_zero,
            **config(self, "embeddings"),
        }
