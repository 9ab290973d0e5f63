"""Public checks of Embedding. The oracle is NumPy's indexing of the same table."""

import numpy as np
import pytest


def filled(student, rng, shape, **kwargs):
    """The student's layer for 7 indices and 4 features, its table, and indices."""
    layer = student.Embedding(7, 4, **kwargs)
    layer.build((None, *shape[1:]))
    table = rng.normal(size=(7, 4)).astype("float32")
    layer.set_weights([table])
    return layer, table, rng.integers(0, 7, size=shape).astype("int32")


@pytest.mark.points(2)
def test_has_one_row_for_each_index(student, equal):
    layer = student.Embedding(7, 4)
    layer.build((None, 5))
    shapes = [tuple(w.shape) for w in layer.get_weights()]
    equal(shapes, [(7, 4)], "the list of weight shapes")
    equal(len(layer.trainable_weights), 1, "the number of trainable weights")


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "shape", [(6,), (3, 5), (2, 3, 5)], ids=["labels", "sentences", "paragraphs"]
)
def test_looks_up_a_row_for_each_index(student, rng, close, shape):
    layer, table, indices = filled(student, rng, shape)
    close(layer(indices), table[indices])


def test_finds_the_first_and_the_last_row(student, rng, close):
    layer, table, _ = filled(student, rng, (1, 3))
    indices = np.array([[0, 6, 0]], "int32")
    close(layer(indices), table[indices])


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
def test_takes_indices_of_every_kind(student, rng, close, dtype):
    layer, table, indices = filled(student, rng, (3, 5))
    close(layer(indices.astype(dtype)), table[indices])


@pytest.mark.points(2)
def test_masks_the_zeros_when_told_so(student, rng, close):
    layer, _, indices = filled(student, rng, (3, 5), mask_zero=True)
    indices[:, 3:] = 0
    close(layer.compute_mask(indices), indices != 0, "the mask")


def test_makes_no_mask_by_default(student, rng, equal):
    layer, _, indices = filled(student, rng, (3, 5))
    equal(layer.compute_mask(indices), None, "the mask")


def test_looks_up_row_zero_even_when_it_is_masked(student, rng, close):
    layer, table, _ = filled(student, rng, (3, 5), mask_zero=True)
    indices = np.array([[2, 0, 1], [0, 0, 3]], "int32")
    close(layer(indices), table[indices])


@pytest.mark.points(2)
def test_a_row_collects_the_gradients_of_all_its_places(student, rng, close, equal):
    layer, table, _ = filled(student, rng, (3, 5))
    indices = np.array([[1, 5, 1], [5, 1, 0]], "int32")
    upstream = rng.normal(size=(2, 3, 4)).astype("float32")
    _, found = student.gradients(layer, indices, upstream=upstream)
    equal(len(found), 1, "the number of trainable weights")
    expected = np.zeros(table.shape)
    for place in np.ndindex(indices.shape):
        expected[indices[place]] += upstream[place]
    close(found[0], expected, "the table's gradient", category="wrong_gradient")


def test_starts_with_what_it_is_given(student, rng, close):
    layer = student.Embedding(3, 2, embeddings_initializer="ones")
    layer.build((None, 5))
    close(layer.get_weights(), np.ones((1, 3, 2), "float32"), "the table at the start",
          category="wrong_state")  # fmt: skip
    table = rng.normal(size=(3, 2)).astype("float32")
    layer = student.Embedding(3, 2, weights=table)
    close(layer(np.array([[2, 0]], "int32")), table[[[2, 0]]])


def test_survives_a_save_and_load(student, rng, close):
    layer, table, indices = filled(student, rng, (3, 5), mask_zero=True)
    loaded = student.saved_and_loaded(layer, indices)
    close(loaded(indices), table[indices], "the loaded layer's output")
    close(loaded.compute_mask(indices), indices != 0, "the loaded layer's mask")
