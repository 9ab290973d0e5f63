"""The labels as a matrix of q, the loss as one sum over the classes."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class SparseCategoricalCrossentropy(keras.losses.Loss):
    def __init__(self, from_logits=False, ignore_class=None,
                 reduction="sum_over_batch_size", axis=-1,
                 name="sparse_categorical_crossentropy", dtype=None,
                 label_smoothing=0.0):  # fmt: skip
        super().__init__(name, reduction, dtype)
        if label_smoothing < 0 or label_smoothing > 1:
            raise ValueError("label_smoothing")
        self.settings = {
            "from_logits": from_logits,
            "ignore_class": ignore_class,
            "axis": axis,
            "label_smoothing": label_smoothing,
        }

    def call(self, y_true, y_pred):
        axis, ignored = self.settings["axis"], self.settings["ignore_class"]
        if len(y_true.shape) < len(y_pred.shape):
            y_true = ops.expand_dims(y_true, axis)
        y_pred = ops.moveaxis(y_pred, axis, -1)
        y_true = ops.moveaxis(y_true, axis, -1)  # (…, 1)
        classes = y_pred.shape[-1]
        chosen = ops.equal(y_true, ops.arange(classes, dtype=y_true.dtype))
        s = self.settings["label_smoothing"]
        q = ops.cast(chosen, y_pred.dtype) * (1 - s) + s / classes
        counted = None
        if ignored is not None:
            counted = ops.not_equal(y_true, ignored)
            q = ops.where(counted, q, 0.0)
        losses = -ops.sum(ops.where(q > 0, q * self.logs(y_pred), 0.0), axis=-1)
        if counted is not None:
            losses._keras_mask = ops.squeeze(counted, -1)
        return losses

    def logs(self, y_pred):
        if not self.settings["from_logits"]:
            tiny = keras.config.epsilon()
            p = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
            return ops.log(ops.minimum(ops.maximum(p, tiny), 1 - tiny))
        top = ops.amax(y_pred, axis=-1, keepdims=True)
        return y_pred - (top + ops.log(ops.sum(ops.exp(y_pred - top), -1, True)))

    def get_config(self):
        return {**super().get_config(), **self.settings}
