"""Hidden checks of Embedding: one row, graphs, precisions, bookkeeping."""

import numpy as np
import pytest


def filled(student, rng, sizes, **kwargs):
    """The student's layer with a random table, and that table."""
    layer = student.Embedding(*sizes, **kwargs)
    layer.build((None, None))
    table = rng.normal(size=sizes).astype("float32")
    layer.set_weights([table])
    return layer, table


@pytest.mark.parametrize(
    "sizes, shape",
    [((1, 3), (2, 4)), ((5, 1), (2, 4)), ((5, 3), (1, 1)), ((5, 3), (2, 0))],
    ids=["one row", "one feature", "one index", "no index"],
)
def test_sizes_of_one_and_none(student, rng, close, sizes, shape):
    layer, table = filled(student, rng, sizes)
    indices = rng.integers(0, sizes[0], size=shape).astype("int32")
    close(layer(indices), table[indices])


@pytest.mark.points(2)
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close, dtype):
    layer, table = filled(student, rng, (7, 4))
    indices = rng.integers(0, 7, size=(3, 5))
    close(student.predicted(layer, indices.astype(dtype)), table[indices])


@pytest.mark.points(2)
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_large_indices_survive_mixed_precision(student, rng, close, equal, dtype):
    layer, table = filled(student, rng, (2060, 2), dtype="mixed_float16")
    indices = np.array([[2047, 2049, 2051, 2059]])
    close(layer(indices.astype(dtype)), table[indices].astype("float16"))
    kinds = [str(weight.dtype) for weight in layer.get_weights()]
    equal(kinds, ["float32"], "the dtype of the table")


def test_takes_float64(student, rng, close):
    layer, table = filled(student, rng, (5, 3), dtype="float64")
    indices = np.array([[4, 0, 1]])
    close(layer(indices), table[indices].astype("float64"))


def test_promises_the_shape_it_delivers(student, rng, close, equal):
    layer, table = filled(student, rng, (5, 3))
    indices = rng.integers(0, 5, size=(2, 4, 6))
    close(layer(indices), table[indices])
    promised = student.symbolic_shape(layer, (None, None, 6), dtype="int32")
    equal(promised, (None, None, 6, 3), "the promised shape")


def test_the_mask_has_the_shape_of_the_indices(student, rng, close):
    layer, table = filled(student, rng, (5, 3), mask_zero=True)
    indices = rng.integers(0, 3, size=(2, 4, 6))
    close(layer(indices), table[indices])
    close(layer.compute_mask(indices), indices != 0, "the mask")
    close(layer.compute_mask(indices.astype("float32")), indices != 0, "the mask")


def test_only_rows_that_were_looked_up_are_trained(student, rng, close):
    layer, table = filled(student, rng, (6, 3), embeddings_constraint="non_neg")
    x = np.array([[1, 4], [4, 4]], "int32")
    y = rng.normal(size=(2, 2, 3)).astype("float32")
    student.trained(layer, x, y, learning_rate=0.5, optimizer="sgd", loss="mse")
    expected = table.astype("float64")
    for place in np.ndindex(2, 2):
        gap = table[x[place]] - y[place]
        expected[x[place]] -= 0.5 * 2 / y.size * gap
    close(layer.get_weights()[0], np.maximum(expected, 0), "the table after a step",
          category="wrong_state")  # fmt: skip


def test_penalizes_the_table(student, rng, close, equal):
    layer, table = filled(student, rng, (5, 3), embeddings_regularizer="l2")
    equal(len(layer.losses), 1, "the number of penalties")
    close(layer.losses[0], 0.01 * np.sum(table**2), "the penalty")


def test_starts_in_a_small_range_around_zero(student, equal):
    layer = student.Embedding(100, 20)
    layer.build((None, None))
    (table,) = layer.get_weights()
    small = np.max(np.abs(table)) <= 0.05 and np.std(table) > 0.02
    equal(bool(small), True, "whether all start evenly between ±0.05")


def test_can_be_frozen(student, rng, equal):
    layer, _ = filled(student, rng, (5, 3), trainable=False)
    equal(len(layer.get_weights()), 1, "the number of weights")
    equal(len(layer.trainable_weights), 0, "the number of trainable weights")


def test_refuses_what_it_cannot_do(student, rng, close, raises):
    layer, table = filled(student, rng, (5, 3))
    close(layer(np.array([[4, 0]])), table[[[4, 0]]])
    raises(ValueError, student.Embedding, 0, 3)
    raises(ValueError, student.Embedding, 5, 2.5)
    raises(ValueError, student.Embedding, 5, 3, lora_rank=2)
    raises(ValueError, student.Embedding, 5, 3, embeddings_initializer="no such thing")
