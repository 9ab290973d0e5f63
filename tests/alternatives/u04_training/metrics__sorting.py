"""The k-th highest score by sorting; the matrix by counting the numbers of its cells."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class SparseTopKCategoricalAccuracy(keras.metrics.Metric):
    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None,
                 from_sorted_ids=False):  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        self.k, self.from_sorted_ids = k, from_sorted_ids
        self.total = self.add_weight((), "zeros", name="total")
        self.count = self.add_weight((), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred)
        y_pred = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
        y_true = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
        if self.from_sorted_ids:
            ids = ops.cast(y_pred, "int32")
            places = ops.where(
                ids == y_true, ops.arange(ids.shape[1]), ids.shape[1] + self.k
            )
            hit = ops.min(places, axis=1) < self.k
        else:
            k = min(self.k, y_pred.shape[1])
            limit = ops.sort(y_pred, axis=1)[:, -k]
            hit = ops.take_along_axis(y_pred, y_true, axis=1)[:, 0] >= limit
        hit = ops.cast(hit, "float32")
        if sample_weight is None:
            sample_weight = ops.ones_like(hit)
        weights = ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
        self.total.assign(self.total + ops.sum(hit * weights))
        self.count.assign(self.count + ops.sum(weights))

    def result(self):
        return ops.divide_no_nan(self.total, self.count)

    def get_config(self):
        return {
            **super().get_config(),
            "k": self.k,
            "from_sorted_ids": self.from_sorted_ids,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class ConfusionMatrix(keras.metrics.Metric):
    def __init__(
        self, num_classes, name="confusion_matrix", dtype=None, sparse_y_pred=False
    ):
        super().__init__(name=name, dtype=dtype)
        self.num_classes, self.sparse_y_pred = num_classes, sparse_y_pred
        self.cells = self.add_weight(
            (num_classes * num_classes,), "zeros", name="cells"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        guess = y_pred if self.sparse_y_pred else ops.argmax(y_pred, axis=-1)
        guess = ops.reshape(ops.cast(guess, "int32"), (-1,))
        cell = ops.reshape(ops.cast(y_true, "int32"), (-1,)) * self.num_classes + guess
        match = ops.cast(ops.arange(self.num_classes**2) == cell[:, None], "float32")
        if sample_weight is not None:
            match = match * ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))
        self.cells.assign_add(ops.sum(match, axis=0))

    def result(self):
        return ops.reshape(self.cells, (self.num_classes, self.num_classes))

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes,
                "sparse_y_pred": self.sparse_y_pred}  # fmt: skip
