"""The six puzzles with einsum, eye and logarithms; float64 inside."""

from keras import ops


def one_hot(labels, num_classes):
    return ops.take(ops.eye(num_classes, dtype="float32"), labels, axis=0)


def standardize(x, epsilon=1e-6):
    wide = ops.cast(x, "float64")
    rows = ops.shape(x)[0]
    mean = ops.einsum("bf->f", wide) / rows
    centered = wide - mean
    variance = ops.einsum("bf,bf->f", centered, centered) / rows
    return ops.cast(
        ops.einsum("bf,f->bf", centered, ops.rsqrt(variance + epsilon)), x.dtype
    )


def pairwise_squared_distances(a, b):
    wide_a, wide_b = ops.cast(a, "float64"), ops.cast(b, "float64")
    norms_a = ops.einsum("mk,mk->m", wide_a, wide_a)
    norms_b = ops.einsum("nk,nk->n", wide_b, wide_b)
    products = ops.einsum("mk,nk->mn", wide_a, wide_b)
    distances = norms_a[:, None] + norms_b[None, :] - 2 * products
    return ops.cast(ops.maximum(distances, 0.0), a.dtype)


def batched_outer(a, b):
    return ops.einsum("bm,bn->bmn", a, b)


def gather_rows(table, indices):
    matches = ops.cast(
        ops.expand_dims(indices, -1) == ops.arange(table.shape[0], dtype=indices.dtype),
        table.dtype,
    )
    return ops.tensordot(matches, table, axes=1)


def stable_softmax(x):
    wide = ops.cast(x, "float64")
    shifted = wide - ops.amax(wide, axis=-1, keepdims=True)
    logs = shifted - ops.log(ops.sum(ops.exp(shifted), axis=-1, keepdims=True))
    return ops.cast(ops.exp(logs), x.dtype)
