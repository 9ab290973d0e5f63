"""No maximum in the softmax, no subtraction in the mean: other formulas, same numbers."""

from keras import ops


def one_hot(labels, num_classes):
    distance = ops.abs(labels[..., None] - ops.arange(num_classes, dtype=labels.dtype))
    return ops.cast(1 - ops.minimum(distance, 1), "float32")


def standardize(x, epsilon=1e-6):
    n = x.shape[0]
    centered = x - ops.sum(x, axis=0, keepdims=True) / n
    scale = ops.sum(centered * centered, axis=0, keepdims=True)
    return centered * (scale / n + epsilon) ** -0.5


def pairwise_squared_distances(a, b):
    total = 0
    for k in range(a.shape[1]):
        total = total + (a[:, k : k + 1] - ops.reshape(b[:, k], (1, -1))) ** 2
    return total


def batched_outer(a, b):
    m, n = a.shape[1], b.shape[1]
    long = ops.repeat(a, n, axis=1) * ops.tile(b, (1, m))
    return ops.reshape(long, (-1, m, n))


def gather_rows(table, indices):
    flat = ops.reshape(indices, (-1, 1))
    places = ops.repeat(flat, table.shape[1], axis=1)
    rows = ops.take_along_axis(table, places, axis=0)
    return ops.reshape(rows, (*indices.shape, table.shape[1]))


def stable_softmax(x):
    # exp(x_k) / Σ exp(x_j) = 1 / Σ exp(x_j − x_k): an overflow in the sum gives 1/∞ = 0
    return 1 / ops.sum(ops.exp(x[..., None, :] - x[..., :, None]), axis=-1)
