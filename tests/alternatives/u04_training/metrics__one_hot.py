"""Labels one-hot from the start; hits and the matrix by products with them."""

import keras
from keras import ops


def one_weight_each(weights, like):
    ones = ops.ones_like(like)
    return (
        ones
        if weights is None
        else ones * ops.reshape(ops.cast(weights, like.dtype), (-1,))
    )


@keras.saving.register_keras_serializable(package="layerwise")
class SparseTopKCategoricalAccuracy(keras.Metric):
    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None,
                 from_sorted_ids=False):  # fmt: skip
        super().__init__(dtype=dtype, name=name)
        self.k = k
        self.from_sorted_ids = from_sorted_ids
        self.hits_so_far = self.add_variable((), initializer="zeros")
        self.seen_so_far = self.add_variable((), initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.cast(y_pred, "float32")
        width = y_pred.shape[-1]
        y_pred, y_true = ops.reshape(y_pred, (-1, width)), ops.reshape(y_true, (-1,))
        if self.from_sorted_ids:
            first = ops.cast(y_pred[:, : self.k], "int32")
            hits = ops.cast(first == ops.cast(y_true, "int32")[:, None], "float32")
            hits = ops.max(hits, axis=1)
        else:
            right = ops.one_hot(ops.cast(y_true, "int32"), width)
            own = ops.sum(right * y_pred, axis=1, keepdims=True)
            rank = ops.sum(ops.where(y_pred > own, 1.0, 0.0), axis=1)
            hits = ops.where(rank < self.k, 1.0, 0.0)
        weights = one_weight_each(sample_weight, hits)
        self.hits_so_far.assign_add(ops.einsum("n,n->", hits, weights))
        self.seen_so_far.assign_add(ops.sum(weights))

    def result(self):
        return self.hits_so_far / ops.maximum(self.seen_so_far, 1e-12)

    def get_config(self):
        config = super().get_config()
        config.update(k=self.k, from_sorted_ids=self.from_sorted_ids)
        return config


@keras.saving.register_keras_serializable(package="layerwise")
class ConfusionMatrix(keras.Metric):
    def __init__(
        self, num_classes, name="confusion_matrix", dtype=None, sparse_y_pred=False
    ):
        super().__init__(dtype=dtype, name=name)
        self.num_classes = num_classes
        self.sparse_y_pred = sparse_y_pred
        self.seen = self.add_variable((num_classes, num_classes), initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        if not self.sparse_y_pred:
            y_pred = ops.argmax(ops.convert_to_tensor(y_pred), axis=-1)
        true, called = (
            ops.one_hot(ops.reshape(ops.cast(y, "int32"), (-1,)), self.num_classes)
            for y in (y_true, y_pred)
        )
        weights = one_weight_each(sample_weight, true[:, 0])
        self.seen.assign_add(ops.matmul(ops.transpose(true * weights[:, None]), called))

    def result(self):
        return ops.copy(self.seen)

    def get_config(self):
        config = super().get_config()
        config.update(num_classes=self.num_classes, sparse_y_pred=self.sparse_y_pred)
        return config
