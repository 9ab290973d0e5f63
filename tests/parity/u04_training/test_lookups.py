"""Every optimizer moves a table that is looked up as Keras's moves a matrix.

TensorFlow gives the gradient of a lookup as rows with their numbers (IndexedSlices), a
number as often as it was looked up. Keras's Adam squares such rows before it sums those
of one number, so that there a table learns otherwise than on PyTorch. Ours sums first:
the oracle is Keras's optimizer on the same table as the kernel of a Dense layer, whose
inputs are ones and zeros.
"""

import keras
import numpy as np
import pytest

from solutions.u04_training import adam, sgd

CASES = {
    "SGD": (sgd.SGD, {"learning_rate": 0.5}),
    "SGD, decaying": (sgd.SGD, {"learning_rate": 0.5, "weight_decay": 0.1}),
    "momentum": (sgd.SGD, {"learning_rate": 0.5, "momentum": 0.9}),
    "Nesterov": (sgd.SGD, {"learning_rate": 0.5, "momentum": 0.9, "nesterov": True}),
    "Adam": (adam.Adam, {"learning_rate": 0.1}),
    "amsgrad": (adam.Adam, {"learning_rate": 0.1, "amsgrad": True}),
    "AdamW": (adam.AdamW, {"learning_rate": 0.1, "weight_decay": 0.1}),
}


def table_after_training(layer, optimizer, table, x, targets):
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), layer])
    layer.set_weights([table])
    model.compile(optimizer=optimizer, loss="mse")
    model.fit(x, targets, epochs=3, batch_size=len(x), shuffle=False, verbose=0)
    return layer.get_weights()[0]


@pytest.mark.parametrize("case", CASES)
def test_a_table_moves_as_a_matrix_with_keras(case):
    rng = np.random.default_rng(7)
    table = rng.normal(size=(9, 3)).astype("float32")
    indices = rng.integers(0, 6, size=(5, 4))  # some often, those from 6 on never
    targets = rng.normal(size=(5, 4, 3)).astype("float32")
    ours, settings = CASES[case]
    theirs = getattr(keras.optimizers, ours.__name__)
    found = table_after_training(
        keras.layers.Embedding(*table.shape),
        ours(**settings),
        table,
        indices.astype("int32"),
        targets,
    )
    wanted = table_after_training(
        keras.layers.Dense(table.shape[1], use_bias=False),
        theirs(**settings),
        table,
        np.eye(len(table), dtype="float32")[indices],
        targets,
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert np.abs(wanted - table)[:6].max() > 0.01
