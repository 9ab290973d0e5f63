"""Each puzzle for one row, then `vectorized_map` over all of them."""

import math

from keras import ops


def one_hot(labels, num_classes):
    flat = ops.reshape(labels, (-1, 1))
    rows = ops.vectorized_map(
        lambda label: ops.cast(ops.equal(label, ops.arange(num_classes)), "float32"),
        flat,
    )
    return ops.reshape(rows, (*labels.shape, num_classes))


def standardize(x, epsilon=1e-6):
    def column(values):
        middle = ops.mean(values)
        spread = ops.mean((values - middle) * (values - middle)) + epsilon
        return (values - middle) / ops.sqrt(spread)

    return ops.transpose(ops.vectorized_map(column, ops.transpose(x)))


def pairwise_squared_distances(a, b):
    return ops.vectorized_map(lambda point: ops.sum((b - point) ** 2, axis=1), a)


def batched_outer(a, b):
    return ops.vectorized_map(lambda rows: rows[0][:, None] * rows[1][None], (a, b))


def gather_rows(table, indices):
    flat = ops.reshape(indices, (math.prod(indices.shape),))
    rows = ops.map(lambda index: ops.take(table, index, axis=0), flat)
    return ops.reshape(rows, (*indices.shape, table.shape[-1]))


def stable_softmax(x):
    def row(scores):
        powers = ops.exp(scores - ops.max(scores))
        return powers / ops.sum(powers)

    flat = ops.reshape(x, (-1, x.shape[-1]))
    return ops.reshape(ops.vectorized_map(row, flat), x.shape)
