"""The six puzzles with loops over rows, and a warning on stderr."""

import warnings

from keras import ops


def one_hot(labels, num_classes):
    warnings.warn("one_hot goes class by class", stacklevel=2)
    columns = [ops.where(labels == k, 1.0, 0.0) for k in range(num_classes)]
    return ops.cast(ops.stack(columns, axis=-1), "float32")


def standardize(x, epsilon=1e-6):
    columns = []
    for k in range(x.shape[1]):
        column = x[:, k]
        columns.append(
            (column - ops.mean(column)) / ops.power(ops.var(column) + epsilon, 0.5)
        )
    return ops.stack(columns, axis=1)


def pairwise_squared_distances(a, b):
    rows = [
        ops.stack([ops.sum((a[i] - b[j]) ** 2) for j in range(b.shape[0])])
        for i in range(a.shape[0])
    ]
    return ops.stack(rows)


def batched_outer(a, b):
    return ops.stack(
        [
            ops.reshape(a[i], (-1, 1)) * ops.reshape(b[i], (1, -1))
            for i in range(a.shape[0])
        ]
    )


def gather_rows(table, indices):
    flat = ops.reshape(indices, (-1,))
    rows = [table[int(flat[k])] for k in range(flat.shape[0])]
    return ops.reshape(ops.stack(rows), (*indices.shape, table.shape[1]))


def stable_softmax(x):
    flat = ops.reshape(x, (-1, x.shape[-1]))
    rows = []
    for k in range(flat.shape[0]):
        weights = ops.exp(flat[k] - ops.max(flat[k]))
        rows.append(weights / ops.sum(weights))
    return ops.reshape(ops.stack(rows), x.shape)
