"""Everything as a product of matrices, in float64 with einsum's letters spelled out."""

from keras import ops


def _product(a, b):
    return ops.einsum("...ij,...jk->...ik", a, b)


def one_hot(labels, num_classes):
    classes = ops.cast(ops.arange(num_classes), "int64")
    same = ops.logical_not(ops.not_equal(ops.cast(labels, "int64")[..., None], classes))
    return ops.where(same, ops.ones((), "float32"), ops.zeros((), "float32"))


def standardize(x, epsilon=1e-6):
    n = int(x.shape[0])
    centering = ops.eye(n, dtype=x.dtype) - ops.full((n, n), 1 / n, dtype=x.dtype)
    centered = _product(centering, x)
    variances = ops.diagonal(_product(ops.transpose(centered), centered)) / n
    return centered / ops.sqrt(variances + epsilon)


def pairwise_squared_distances(a, b):
    # [a², a, 1] · [1, −2b, b²]
    a, b, dtype = ops.cast(a, "float64"), ops.cast(b, "float64"), a.dtype
    left = ops.concatenate([a * a, a, ops.ones_like(a)], axis=1)
    right = ops.concatenate([ops.ones_like(b), -2 * b, b * b], axis=1)
    return ops.cast(ops.abs(_product(left, ops.transpose(right))), dtype)


def batched_outer(a, b):
    return _product(a[:, :, None], b[:, None, :])


def gather_rows(table, indices):
    picks = ops.cast(one_hot(indices, table.shape[0]), table.dtype)
    return ops.einsum("...v,vd->...d", picks, table)


def stable_softmax(x):
    y = ops.exp(x - ops.amax(x, axis=-1, keepdims=True))
    ones = ops.ones((x.shape[-1], x.shape[-1]), dtype=x.dtype)
    return y / ops.einsum("...j,jk->...k", y, ones)
