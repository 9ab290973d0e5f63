"""A walk over the classes, each adding what it weighs; no indexing by labels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class SparseCategoricalCrossentropy(keras.Loss):
    def __init__(self, from_logits=False, ignore_class=None,
                 reduction="sum_over_batch_size", axis=-1,
                 name="sparse_categorical_crossentropy", dtype=None,
                 label_smoothing=0.0):  # fmt: skip
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
        self.label_smoothing = label_smoothing
        if not (0.0 <= label_smoothing <= 1.0):
            raise ValueError(label_smoothing)

    def call(self, y_true, y_pred):
        if len(y_true.shape) == len(y_pred.shape):
            y_true = ops.squeeze(y_true, axis=self.axis)
        columns = ops.unstack(y_pred, axis=self.axis)
        normal = self.normal(columns)
        s, k = self.label_smoothing, len(columns)
        total = ops.zeros_like(columns[0])
        for c, column in enumerate(columns):
            log = self.log(column, normal)
            if s:
                total = total - s / k * log
            total = total - ops.where(ops.equal(y_true, c), (1 - s) * log, 0.0)
        if self.ignore_class is not None:
            counted = ops.logical_not(ops.equal(y_true, self.ignore_class))
            total = ops.where(counted, total, 0.0)
            total._keras_mask = counted
        return total

    def normal(self, columns):
        if not self.from_logits:
            return sum(columns)
        top = columns[0]
        for column in columns[1:]:
            top = ops.maximum(top, column)
        top = ops.stop_gradient(top)
        return top + ops.log(sum(ops.exp(column - top) for column in columns))

    def log(self, column, normal):
        if self.from_logits:
            return column - normal
        tiny = keras.config.epsilon()
        return ops.log(ops.clip(column / normal, tiny, 1 - tiny))

    def get_config(self):
        config = super().get_config()
        for name in ("from_logits", "ignore_class", "axis", "label_smoothing"):
            config[name] = getattr(self, name)
        return config
