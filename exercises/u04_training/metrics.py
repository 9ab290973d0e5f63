"""Two metrics that count while batches go by: top-k accuracy and the confusion matrix."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class SparseTopKCategoricalAccuracy(keras.Metric):
    """How often the right class is among the k that the model thinks most likely.

    An example is a hit if fewer than k classes have a higher score than the right one.
    So where several classes tie with it, all of them count as being in time.

    The result is over all examples since the last `reset_state`, not a mean of the
    means of batches, which may have different sizes:

        result = Σ weight · hit / Σ weight        (0 before the first example)

    Two variables are kept: `total`, the sum above the line, and `count`, that below.

    Args:
        k: How many guesses a model has.
        name: A name.
        dtype: Of the result.
        from_sorted_ids: Whether predictions are numbers of classes, best first, instead
            of a score for each class; an example is a hit if the label is among the
            first k.

    `update_state(y_true, y_pred, sample_weight=None)`: labels (…) and predictions
    (…, classes), of any rank; weights of the labels' shape, or one for each example.

    Reference: https://arxiv.org/abs/1409.0575, section 4.1 (top-5 error).
    """

    def __init__(
        self,
        k=5,
        name="sparse_top_k_categorical_accuracy",
        dtype=None,
        from_sorted_ids=False,
    ):
        super().__init__(name=name, dtype=dtype)
        self.k, self.from_sorted_ids = k, from_sorted_ids
        self._direction = "up"  # better is more, for callbacks
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred)
        classes = y_pred.shape[-1]
        y_pred = ops.reshape(y_pred, (-1, classes))
        y_true = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        hits = ops.cast(self.hits(y_true, y_pred), self.dtype)
        weights = flat_weights(sample_weight, hits)
        raise NotImplementedError("Add to both variables.")

    def hits(self, labels, predictions):
        """True where an example is a hit: (N,) and (N, classes) → (N,)."""
        raise NotImplementedError("Count the higher scores; or look among the first k.")

    def result(self):
        raise NotImplementedError("The quotient; 0 where nothing has been counted.")

    def get_config(self):
        config = {"name": self.name, "dtype": self.dtype, "k": self.k}
        if self.from_sorted_ids:
            config["from_sorted_ids"] = True
        return config


@keras.saving.register_keras_serializable(package="layerwise")
class ConfusionMatrix(keras.Metric):
    """Which classes are taken for which: a count for every pair.

    The result is a matrix with a row for each true class and a column for each
    predicted one; [i, j] is the sum of the weights of all examples since the last
    `reset_state` that are i and were called j. One variable holds it, `matrix`.

    Args:
        num_classes: How many classes there are; labels are below it.
        name: A name.
        dtype: Of the result.
        sparse_y_pred: Whether predictions are numbers of classes already, instead of a
            score for each class.

    `update_state(y_true, y_pred, sample_weight=None)`: labels (…), predictions
    (…, num_classes), or (…) with `sparse_y_pred`; weights of the labels' shape, or one
    for each example.
    """

    def __init__(
        self, num_classes, name="confusion_matrix", dtype=None, sparse_y_pred=False
    ):
        super().__init__(name=name, dtype=dtype)
        self.num_classes, self.sparse_y_pred = num_classes, sparse_y_pred
        shape = (num_classes, num_classes)
        self.matrix = self.add_variable(shape, "zeros", dtype=self.dtype, name="matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        weights = flat_weights(sample_weight, ops.cast(y_true, self.dtype))
        raise NotImplementedError(
            "The best class; then a sum over examples for every pair."
        )

    def as_rows(self, labels):
        """1 at the label's place, else 0: (N,) → (N, num_classes)."""
        numbers = ops.arange(self.num_classes, dtype="int32")
        return ops.cast(ops.expand_dims(labels, 1) == numbers, self.dtype)

    def result(self):
        return ops.convert_to_tensor(self.matrix)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "sparse_y_pred": self.sparse_y_pred,
        }


def flat_weights(sample_weight, values):
    """A weight for each of `values`, (N,); 1 where there are none.

    There may be fewer weights than values: one for an image, say, whose pixels have
    labels. Then it is repeated.
    """
    if sample_weight is None:
        return ops.ones_like(values)
    weights = ops.reshape(ops.cast(sample_weight, values.dtype), (-1, 1))
    examples = ops.shape(weights)[0]
    rows = ops.reshape(ops.ones_like(values), (examples, -1))
    return ops.reshape(weights * rows, (-1,))
