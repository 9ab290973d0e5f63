"""The fully connected layer (Rosenblatt, 1958; Rumelhart, Hinton & Williams, 1986)."""

import keras
from keras import ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class Dense(keras.Layer):
    """Multiplies the last axis by a matrix, adds a bias, applies an activation.

    With input x of shape (…, D), a kernel k of shape (D, U) and a bias of shape (U,):

        y[…, u] = activation(bias[u] + Σ_d x[…, d] · k[d, u])

    Whatever stands before the last axis (examples, places, time steps) is left alone:
    each of those vectors of length D goes through the same kernel on its own.

    Args:
        units: U, how many numbers come out for each vector.
        activation: A name or function, or None. The attribute may be set to None, too.
        use_bias: Whether a bias is added; without, the layer has a kernel only.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint: As Keras's, in
            Keras's order.
        lora_rank, lora_alpha, quantization_config: Keras's too; refused, not built here.
        **kwargs: What every Keras layer takes; a quantized dtype is refused.

    Input shape: `(B, …, D)`, floating point; all but D may be unknown.
    Output shape: `(B, …, U)`.

    Weights, in this order: `kernel` (D, U), `bias` (U,).

    Raises:
        ValueError: If `units` is no positive integer, and when built on an input
            without a batch axis or with an unknown last dimension.

    Reference: Goodfellow, Bengio & Courville, Deep Learning, 2016, section 6.3.
    """

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        lora_rank=None,
        lora_alpha=None,
        quantization_config=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        weights.keep_settings(
            self,
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )
        weights.refuse(
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
        )
        if type(units) is not int or units < 1:
            raise ValueError(f"units must be a positive integer; got {units!r}.")
        self.units, self.use_bias = units, use_bias
        self.activation = keras.activations.get(activation)
        self.supports_masking = True  # a mask over time steps is handed on as it is

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f"{self.name} needs a batch axis and a known last dimension; got input "
                f"shape {tuple(input_shape)}."
            )
        self.input_spec = keras.InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        raise NotImplementedError(
            "Kernel and bias, with weights.settings(self, 'kernel')."
        )

    def call(self, inputs):
        raise NotImplementedError(
            "The product along the last axis, the bias, the activation."
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weights.config(self, "kernel", "bias"),
        }
