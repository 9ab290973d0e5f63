"""Batch normalization (Ioffe & Szegedy, 2015)."""

import keras
from keras import ops

from course import renormalization, weights


@keras.saving.register_keras_serializable(package="layerwise")
class BatchNormalization(keras.Layer):
    """Gives every feature mean 0 and variance 1 over the batch, then scales and shifts.

    With x of shape (…, C), the mean μ and the variance σ² of each feature are taken over
    all other axes: for images (B, H, W, C) over B, H and W, so C means in all.

        y = gamma · (x − μ) / √(σ² + epsilon) + beta

    In training, μ and σ² are those of the batch (σ² divides by the number n of values,
    not by n − 1), and two moving statistics follow them:

        moving_mean     ← momentum · moving_mean     + (1 − momentum) · μ
        moving_variance ← momentum · moving_variance + (1 − momentum) · σ²

    At inference μ and σ² are the moving statistics and nothing is updated. A layer with
    `trainable = False` always does as at inference: fine-tuning a network must not
    disturb the statistics of its frozen part.

    A mask says which places hold something, the steps of a sequence before its padding,
    say. In training the others are left out of μ, σ² and n (`statistics` sees to it);
    they are normalized like all.

    In mixed precision inputs and outputs are float16 and everything between them is
    computed in float32, the dtype of the weights (`variable_dtype`): the square of a
    float16 overflows above 255. `autocast=False` keeps the weights as they are.

    Args:
        axis: The axis of the features; all others are averaged over.
        momentum: How slowly the moving statistics follow.
        epsilon: Added to the variance, so that a constant feature stays finite.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer, gamma_initializer: As Keras's, in Keras's order.
        moving_mean_initializer, moving_variance_initializer: Where the moving
            statistics start.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: As
            Keras's, in Keras's order.
        renorm, renorm_clipping, renorm_momentum: Batch renormalization, another way to
            train, for small batches. It is written for you in `course.renormalization`.
        synchronized: Keras's too; refused, not built here.
        **kwargs: What every Keras layer takes; a quantized dtype is refused.

    Input shape: any of rank 2 or more, floating point; the size of `axis` is known.
    Output shape: the same.

    Weights, in this order: `gamma`, `beta`, `moving_mean`, `moving_variance`, each (C,).
    The last two are not trainable. With `renorm` its own three come after them.

    Raises:
        ValueError: For `synchronized` and for a `renorm_clipping` that makes no sense,
            when built on an input that has no such axis or does not know its size, and
            when called with a mask that has not all axes of the input but the last.

    Reference: https://arxiv.org/abs/1502.03167, algorithm 1 and section 3.1.
    """

    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        renorm=False,
        renorm_clipping=None,
        renorm_momentum=0.99,
        synchronized=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        weights.keep_settings(
            self,
            gamma=(gamma_initializer, gamma_regularizer, gamma_constraint),
            beta=(beta_initializer, beta_regularizer, beta_constraint),
        )
        weights.refuse(synchronized=synchronized)
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale
        self.moving_mean_initializer = keras.initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = keras.initializers.get(
            moving_variance_initializer
        )
        if renorm:
            renorm_clipping = renormalization.clipping(renorm_clipping)
        self.renorm, self.renorm_clipping = renorm, renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.supports_masking = True  # a mask over time steps is handed on as it is

    def build(self, input_shape):
        self.rank = len(input_shape)
        if not -self.rank <= self.axis < self.rank or input_shape[self.axis] is None:
            raise ValueError(
                f"{self.name} needs to know the size of axis {self.axis}; got input "
                f"shape {tuple(input_shape)}."
            )
        self.input_spec = keras.InputSpec(
            ndim=self.rank, axes={self.axis: input_shape[self.axis]}
        )
        ### BEGIN SOLUTION gamma, beta and the two moving statistics, autocast=False
        per_feature = {"shape": (input_shape[self.axis],), "autocast": False}
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", **per_feature, **weights.settings(self, "gamma")
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta", **per_feature, **weights.settings(self, "beta")
            )
        self.moving_mean = self.add_weight(
            name="moving_mean",
            initializer=self.moving_mean_initializer,
            trainable=False,
            **per_feature,
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            initializer=self.moving_variance_initializer,
            trainable=False,
            **per_feature,
        )
        ### END SOLUTION
        if self.renorm:
            renormalization.add_statistics(self)

    def call(self, inputs, training=False, mask=None):
        if mask is not None and len(mask.shape) != self.rank - 1:
            raise ValueError(
                "The mask provided should be one dimension less than the inputs. "
                f"Received: mask.shape={mask.shape}, inputs.shape={inputs.shape}"
            )
        if self.renorm and training and self.trainable:
            return renormalization.renormalized(self, inputs, mask)
        ### BEGIN SOLUTION choose the statistics, update the moving ones, normalize
        x = ops.cast(inputs, self.variable_dtype)  # float32 in mixed precision
        if training and self.trainable:
            mean, variance = self.statistics(x, mask)
            self.follow(mean, variance)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        y = x - self.along_axis(mean)
        y = y / ops.sqrt(self.along_axis(variance) + self.epsilon)
        if self.gamma is not None:
            y = y * self.along_axis(self.gamma)
        if self.beta is not None:
            y = y + self.along_axis(self.beta)
        return ops.cast(y, self.compute_dtype)
        ### END SOLUTION

    def statistics(self, x, mask):
        """`batch_statistics`, of those places alone where there is no mask or it is True."""
        if mask is None:
            return self.batch_statistics(x)
        kept = ops.cast(ops.cast(mask, "bool"), x.dtype)
        kept = ops.broadcast_to(ops.expand_dims(kept, -1), ops.shape(x))
        share = ops.maximum(self.batch_statistics(kept)[0], keras.config.epsilon())
        mean = self.batch_statistics(kept * x)[0] / share
        squares = kept * ops.square(x - self.along_axis(mean))
        return mean, self.batch_statistics(squares)[0] / share

    def batch_statistics(self, x):
        """Mean and variance of each feature over all other axes, both (C,)."""
        ### BEGIN SOLUTION two means, over every axis but self.axis
        axes = [axis for axis in range(self.rank) if axis != self.axis % self.rank]
        mean = ops.mean(x, axes)
        centered = x - self.along_axis(mean)
        return mean, ops.mean(ops.square(centered), axes)
        ### END SOLUTION

    def follow(self, mean, variance):
        """Moves the moving statistics towards those of the batch."""
        ### BEGIN SOLUTION assign each the weighted mean of what it is and what came
        old, new = self.momentum, 1 - self.momentum
        self.moving_mean.assign(old * self.moving_mean + new * mean)
        self.moving_variance.assign(old * self.moving_variance + new * variance)
        ### END SOLUTION

    def along_axis(self, values):
        """(C,) → (1, …, C, …, 1): ready to meet x along `axis`."""
        shape = [1] * self.rank
        shape[self.axis] = -1
        return ops.reshape(values, shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **weights.config(self, "gamma", "beta"),
            "moving_mean_initializer": keras.initializers.serialize(
                self.moving_mean_initializer
            ),
            "moving_variance_initializer": keras.initializers.serialize(
                self.moving_variance_initializer
            ),
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }
