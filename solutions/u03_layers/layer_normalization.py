"""Layer normalization (Ba, Kiros & Hinton, 2016)."""

import keras
from keras import ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class LayerNormalization(keras.Layer):
    """Gives every example mean 0 and variance 1 over its features, scales and shifts.

    The mean μ and the variance σ² (which divides by the number of values, not by one
    less) run over `axis` alone. With the default, x of shape (…, C) has one μ for each
    of the vectors of C numbers in it:

        y = gamma · (x − μ) / √(σ² + epsilon) + beta        (equation 4)

    Nothing is shared between examples and nothing is remembered: the batch may have any
    size, and training and inference are the same.

    gamma and beta have one number for each place along the normalized axes. For
    `axis=[1, 2, 3]` and images (B, H, W, C) their shape is (H, W, C), for `axis=1` it
    is (H,); they repeat along all other axes.

    `rms_scaling` leaves out two of the four steps: y = gamma · x / √(σ² + epsilon), with
    the variance σ² as it is. There is a gamma then and no beta, whatever `center` and
    `scale` say. Keras has it and advises against it: it is no RMS normalization, which
    would divide by the root of the mean of x².

    In mixed precision everything is computed in float32, the dtype of the weights
    (`variable_dtype`), and the result cast to float16 at the end. `autocast=False`
    leaves the weights as they are.

    Args:
        axis: The axis to normalize over, or a list of axes.
        epsilon: Added to the variance, so that a constant example stays finite.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint: As Keras's, in Keras's order.
        rms_scaling: Whether to divide and scale alone.
        **kwargs: What every Keras layer takes; a quantized dtype is refused.

    Input shape: any, floating point; the sizes of the normalized axes are known.
    Output shape: the same.

    Weights, in this order: `gamma`, `beta`.

    Raises:
        TypeError: If `axis` is neither an integer nor a list or tuple.
        ValueError: When built on an input that has no such axis or does not know its
            size.

    Reference: https://arxiv.org/abs/1607.06450, section 3.
    """

    def __init__(
        self,
        axis=-1,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        *,
        rms_scaling=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        weights.keep_settings(
            self,
            gamma=(gamma_initializer, gamma_regularizer, gamma_constraint),
            beta=(beta_initializer, beta_regularizer, beta_constraint),
        )
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                "Expected an int or a list/tuple of ints for the argument 'axis', but "
                f"received: {axis!r}"
            )
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.rms_scaling = rms_scaling
        self.supports_masking = True  # a mask over time steps is handed on as it is
        self.autocast = False  # inputs come as they are, not rounded to float16

    def build(self, input_shape):
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axes = tuple(sorted(axes))
        rank = len(input_shape)
        for axis in self.axes:
            if not -rank <= axis < rank or input_shape[axis] is None:
                raise ValueError(
                    f"{self.name} needs to know the size of axis {axis}; got input "
                    f"shape {tuple(input_shape)}."
                )
        ### BEGIN SOLUTION gamma and beta, a number for each place on self.axes
        per_place = {
            "shape": tuple(input_shape[axis] for axis in self.axes),
            "autocast": False,
        }
        self.gamma = self.beta = None
        if self.scale or self.rms_scaling:
            self.gamma = self.add_weight(
                name="gamma", **per_place, **weights.settings(self, "gamma")
            )
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(
                name="beta", **per_place, **weights.settings(self, "beta")
            )
        ### END SOLUTION

    def call(self, inputs):
        ### BEGIN SOLUTION mean and variance over self.axes, normalize, scale, shift
        x = ops.cast(inputs, self.variable_dtype)  # float32 in mixed precision
        mean = ops.mean(x, self.axes, keepdims=True)  # (…, 1) for the last axis
        centered = x - mean
        variance = ops.mean(ops.square(centered), self.axes, keepdims=True)
        y = x if self.rms_scaling else centered
        y = y / ops.sqrt(variance + self.epsilon)
        if self.gamma is not None:
            y = y * self.along_axes(self.gamma, len(x.shape))
        if self.beta is not None:
            y = y + self.along_axes(self.beta, len(x.shape))
        return ops.cast(y, self.compute_dtype)
        ### END SOLUTION

    def along_axes(self, values, rank):
        """(H, C) → (1, H, 1, C), say: ready to meet x along `axes`."""
        shape = [1] * rank
        for axis, size in zip(self.axes, values.shape, strict=True):
            shape[axis] = size
        return ops.reshape(values, shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis if isinstance(self.axis, int) else list(self.axis),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            **weights.config(self, "gamma", "beta"),
        }
