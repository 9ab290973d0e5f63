"""Six puzzles to meet the tensor API: each is one expression, none needs a loop.

Everything here is `keras.ops` on whole tensors. Where an expression gets long, give
its parts names. `ops.expand_dims`, or an index `x[:, None]`, makes the axes of length 1
along which broadcasting repeats a tensor.
"""

from keras import ops


def one_hot(labels, num_classes):
    """Writes each label as a row of zeros with a single one.

        y[..., k] = 1 if labels[...] = k, else 0

    Args:
        labels: Integers from 0 to num_classes − 1, of any shape (...).
        num_classes: K, how many classes there are.

    Returns:
        A float32 tensor (..., K).
    """
    raise NotImplementedError("A row for each label: a 1 in its place, 0 elsewhere.")


def standardize(x, epsilon=1e-6):
    """Moves and scales each column to mean 0 and variance 1.

    With μ and σ² the mean and the variance of a column over the B rows (the mean of
    the squared deviations: divided by B, not by B − 1):

        y = (x − μ) / √(σ² + epsilon)

    Args:
        x: A float tensor (B, F): B examples, F features.
        epsilon: Keeps a constant column finite: it becomes all zeros.

    Returns:
        A tensor of the same shape and dtype.
    """
    raise NotImplementedError("Every column with mean 0 and variance 1.")


def pairwise_squared_distances(a, b):
    """Measures how far each point of one set lies from each of another.

        d[i, j] = Σ_k (a[i, k] − b[j, k])²

    Args:
        a: M points in K dimensions, a float tensor (M, K).
        b: N points, a float tensor (N, K).

    Returns:
        A tensor (M, N).
    """
    raise NotImplementedError("The squared distance of each point of a from each of b.")


def batched_outer(a, b):
    """Multiplies each element of a row of a with each of the same row of b.

        y[i, m, n] = a[i, m] · b[i, n]

    Args:
        a: A float tensor (B, M).
        b: A float tensor (B, N).

    Returns:
        A tensor (B, M, N): for each example the outer product of its two rows.
    """
    raise NotImplementedError("For each example, the table of products.")


def gather_rows(table, indices):
    """Looks up rows of a table.

        y[..., :] = table[indices[...], :]

    Args:
        table: A tensor (V, D).
        indices: Integers from 0 to V − 1, of any shape (...).

    Returns:
        A tensor (..., D) of the table's dtype; a row may be looked up many times.
    """
    raise NotImplementedError("The row of the table for each index.")


def stable_softmax(x):
    """Turns the scores along the last axis into probabilities.

        y[..., k] = exp(x[..., k]) / Σ_j exp(x[..., j])

    exp overflows for scores in the hundreds. Taking the same amount from all scores of
    a row leaves the probabilities as they are; with its largest score taken, no
    exponent is above 0.

    Args:
        x: A float tensor (..., K), of any size of numbers.

    Returns:
        A tensor of the same shape: finite, not negative, each row's sum 1.
    """
    raise NotImplementedError("The probabilities, finite for large scores too.")
