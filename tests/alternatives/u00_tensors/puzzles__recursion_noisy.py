"""Recursion over classes, features and axes; prints a lot."""

from keras import ops


def one_hot(labels, num_classes):
    print("one_hot", num_classes)
    if num_classes == 0:
        return None
    before = one_hot(labels, num_classes - 1)
    last = ops.cast(ops.equal(labels, num_classes - 1), "float32")[..., None]
    return last if before is None else ops.concatenate([before, last], axis=-1)


def standardize(x, epsilon=1e-6):
    print("x is", x)
    mean = ops.mean(x, axis=0)
    var = ops.var(x, axis=0)
    print("mean", mean, "variance", var)
    return (x - mean) / ops.sqrt(var + epsilon)


def pairwise_squared_distances(a, b):
    if a.shape[1] == 1:
        return ops.square(a - ops.transpose(b))
    rest = pairwise_squared_distances(a[:, 1:], b[:, 1:])
    return pairwise_squared_distances(a[:, :1], b[:, :1]) + rest


def batched_outer(a, b):
    if b.shape[1] == 1:
        return ops.expand_dims(a * b, 2)
    parts = batched_outer(a, b[:, :1]), batched_outer(a, b[:, 1:])
    return ops.concatenate(parts, axis=2)


def gather_rows(table, indices):
    if len(indices.shape) <= 1:
        print("looking up", indices)
        return ops.take(table, indices, axis=0)
    return ops.stack([gather_rows(table, indices[k]) for k in range(indices.shape[0])])


def stable_softmax(x):
    if len(x.shape) > 1:
        return ops.stack([stable_softmax(x[k]) for k in range(x.shape[0])])
    x = x - ops.max(x)
    return ops.exp(x) / ops.sum(ops.exp(x))
