"""Scatters ones, sorts for the maximum, roots of sums: roundabout, in a class."""

from keras import ops


class Solutions:
    @staticmethod
    def one_hot(labels, num_classes):
        flat = ops.reshape(labels, (-1,))
        rows = ops.arange(flat.shape[0], dtype=labels.dtype)
        y = ops.scatter(
            ops.stack([rows, flat], axis=1),
            ops.ones((flat.shape[0],), dtype="float32"),
            (flat.shape[0], num_classes),
        )
        return ops.reshape(y, (*labels.shape, num_classes))

    @staticmethod
    def standardize(x, epsilon=1e-6):
        mean = ops.average(x, axis=0)
        deviation = ops.hypot(ops.std(x, axis=0), ops.ones_like(mean) * epsilon**0.5)
        return (x - mean) / deviation

    @classmethod
    def pairwise_squared_distances(cls, a, b):
        return ops.stack([ops.sum(ops.square(a - row), 1) for row in cls.rows(b)], 1)

    @classmethod
    def batched_outer(cls, a, b):
        columns = [a * b[:, n : n + 1] for n in range(b.shape[1])]
        return ops.stack(columns, axis=-1)

    @classmethod
    def gather_rows(cls, table, indices):
        # one column of the table after the other
        columns = ops.unstack(table, axis=1)
        return ops.stack([ops.take(column, indices) for column in columns], axis=-1)

    @staticmethod
    def stable_softmax(x):
        largest = ops.sort(x, axis=-1)[..., -1:]
        y = ops.exp(x - largest)
        return y * ops.reciprocal(ops.cumsum(y, axis=-1)[..., -1:])

    @staticmethod
    def rows(b):
        return [b[k] for k in range(b.shape[0])]


one_hot = Solutions.one_hot
standardize = Solutions.standardize
pairwise_squared_distances = Solutions.pairwise_squared_distances
batched_outer = Solutions.batched_outer
gather_rows = Solutions.gather_rows
stable_softmax = Solutions.stable_softmax
