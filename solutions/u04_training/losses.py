"""Cross-entropy for labels that are numbers, with label smoothing (Szegedy et al., 2016)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class SparseCategoricalCrossentropy(keras.Loss):
    """−log of the probability that a prediction gives to the right class.

    For one example with label y among K classes, scores z (logits) and smoothing s:

        log p[c] = z[c] − log Σ_k exp(z[k])
        loss = − Σ_c q[c] · log p[c],   q[c] = (1 − s) · [c = y] + s / K

    With s = 0 only one term is left: loss = − log p[y]. The logarithm is taken without
    overflow, however large the scores: the largest is subtracted from all of them first.

    Where `from_logits` is false the predictions are probabilities. They are divided by
    their sum and kept between 1e-7 and 1 − 1e-7 (`keras.config.epsilon`), then
    log p[c] is their logarithm.

    Keras has no label smoothing for labels that are numbers; all else is as there.

    Args:
        from_logits: Whether predictions are scores rather than probabilities.
        ignore_class: A label whose examples count for nothing: loss 0, and left out of
            the mean. It need not be one of the K classes; −1, say. Or None.
        reduction: What becomes of the losses; the mean for `sum_over_batch_size`.
        axis: Where the K classes lie in the predictions.
        name: A name.
        dtype: What to compute in; None means float32.
        label_smoothing: s, from 0 to 1.

    Labels: shape `(…)` or, with a 1 in the place of the classes, the predictions' rank.
    Predictions: shape `(…, K)`, or K at `axis`.

    Raises:
        ValueError: If `label_smoothing` is outside [0, 1].

    Reference: https://arxiv.org/abs/1512.00567, section 7.
    """

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction="sum_over_batch_size",
        axis=-1,
        name="sparse_categorical_crossentropy",
        dtype=None,
        label_smoothing=0.0,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"label_smoothing must be in [0, 1]; got {label_smoothing}."
            )
        self.from_logits, self.ignore_class = from_logits, ignore_class
        self.axis, self.label_smoothing = axis, label_smoothing

    def call(self, y_true, y_pred):
        """One loss an example: the shape of `y_pred` without the classes."""
        if len(y_true.shape) == len(y_pred.shape):
            y_true = ops.squeeze(y_true, self.axis)
        labels, counted = ops.cast(y_true, "int32"), None
        if self.ignore_class is not None:
            counted = ops.not_equal(labels, self.ignore_class)
            labels = ops.where(counted, labels, 0)
            y_pred = ops.where(ops.expand_dims(counted, self.axis), y_pred, 1.0)
        losses = self.cross_entropy(labels, self.log_probabilities(y_pred))
        if counted is not None:
            losses = ops.where(counted, losses, 0.0)
            losses._keras_mask = counted  # Keras's mean runs over these alone
        return losses

    def log_probabilities(self, y_pred):
        """log p, of the shape of `y_pred`."""
        ### BEGIN SOLUTION from scores without overflow; from probabilities, scaled and clipped
        if self.from_logits:
            z = y_pred - ops.max(y_pred, axis=self.axis, keepdims=True)
            return z - ops.log(ops.sum(ops.exp(z), axis=self.axis, keepdims=True))
        p = y_pred / ops.sum(y_pred, axis=self.axis, keepdims=True)
        smallest = keras.config.epsilon()
        return ops.log(ops.clip(p, smallest, 1 - smallest))
        ### END SOLUTION

    def cross_entropy(self, labels, log_p):
        """− Σ q · log p over the classes; `labels` lack the axis of the classes."""
        ### BEGIN SOLUTION log p of the right class, mixed with the mean of all
        s, places = self.label_smoothing, ops.expand_dims(labels, self.axis)
        right = ops.take_along_axis(log_p, places, axis=self.axis)
        losses = -ops.squeeze(right, self.axis)
        if s > 0:
            losses = (1 - s) * losses - s * ops.mean(log_p, axis=self.axis)
        return losses
        ### END SOLUTION

    def get_config(self):
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "ignore_class": self.ignore_class,
            "axis": self.axis,
            "label_smoothing": self.label_smoothing,
        }
