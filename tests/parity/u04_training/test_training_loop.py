"""The training loop against `model.fit`, and the loss scale against Keras's."""

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u04_training import training_loop

BACKEND = keras.backend.backend()


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def network(dtype=None, dropout=0.0, penalty="l2"):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, "relu", kernel_regularizer=penalty, dtype=dtype),
            keras.layers.BatchNormalization(dtype=dtype),
            keras.layers.Dropout(dropout, seed=3, dtype=dtype),
            keras.layers.Dense(3, dtype=dtype),
        ]
    )


def data(rng, count=11):
    return rng.normal(size=(count, 4)).astype("float32"), rng.integers(3, size=count)


def cross_entropy(dtype=None):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=dtype)


@pytest.mark.parametrize(
    "optimizer", [("SGD", {"momentum": 0.9}), ("Adam", {}), ("AdamW", {})], ids=str
)
@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_fit_matches_keras_with_dropout_and_batch_normalization(
    rng, optimizer, clip_norm
):
    name, settings = optimizer
    kind = getattr(keras.optimizers, name)
    (x, y), ours, theirs = data(rng), network(dropout=0.3), network(dropout=0.3)
    report = training_loop.fit(
        ours,
        x,
        y,
        cross_entropy(),
        kind(0.05, **settings),
        4,
        3,
        False,
        clip_norm=clip_norm,
    )
    oracle = kind(0.05, **settings, global_clipnorm=clip_norm)
    theirs.compile(oracle, cross_entropy(), run_eagerly=True)
    expected = theirs.fit(x, y, 4, 3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(report["loss"], expected, rtol=1e-4)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_float64_all_the_way(rng):
    (x, y), ours, theirs = data(rng), *(network("float64", penalty=None) for _ in "ab")
    loss = cross_entropy("float64")
    training_loop.fit(ours, x, y, loss, keras.optimizers.SGD(0.1), 4, 2, False)
    theirs.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)
    theirs.fit(x, y, 4, 2, shuffle=False, verbose=0)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert one.dtype == "float64"
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_mixed_float16_with_a_loss_scale_matches_keras(rng):
    (x, y), ours, theirs = data(rng), network("mixed_float16"), network("mixed_float16")
    scale = training_loop.LossScale(2.0**24, 3)
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1), initial_scale=2.0**24, dynamic_growth_steps=3
    )
    theirs.compile(optimizer, cross_entropy(), run_eagerly=True)
    sgd, scales = keras.optimizers.SGD(0.1), []
    for k in range(14):
        batch = np.arange(4) + k % 7
        training_loop.train_step(
            ours, x[batch], y[batch], cross_entropy(), sgd, loss_scale=scale
        )
        theirs.train_on_batch(x[batch], y[batch])
        assert scale.scale == float(optimizer.dynamic_scale)
        assert scale.good_steps == int(optimizer.step_counter)
        scales.append(scale.scale)
    assert min(scales) < 2.0**20
    assert max(np.diff(scales)) > 0
    assert int(sgd.iterations) == int(optimizer.iterations) < 14
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3)


def test_clipping_is_that_of_torch(rng):
    torch = pytest.importorskip("torch")
    gradients = [rng.normal(size=s) for s in [(3, 4), (2,), ()]]
    for clip_norm in (0.5, 50.0):
        tensors = [ops.convert_to_tensor(g, dtype="float64") for g in gradients]
        found = training_loop.clip_by_global_norm([*tensors, None], clip_norm)
        assert found.pop() is None
        parameters = [torch.zeros(g.shape, dtype=torch.float64) for g in gradients]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        for one, other in zip(found, parameters, strict=True):
            np.testing.assert_allclose(as_array(one), other.grad.numpy(), rtol=1e-5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.function and XLA")
@pytest.mark.parametrize("compiler", [False, True])
def test_a_step_without_a_loss_scale_runs_in_a_graph(rng, compiler):
    import tensorflow as tf

    (x, y), ours, theirs = data(rng), network(), network()
    losses, sgd = cross_entropy(), keras.optimizers.SGD(0.1)
    sgd.build(ours.trainable_variables)

    @tf.function(jit_compile=compiler)
    def step(x, y):
        return training_loop.train_step(ours, x, y, losses, sgd, 0.5)

    theirs.compile(keras.optimizers.SGD(0.1, global_clipnorm=0.5), losses)
    for _ in range(3):
        value = step(tf.constant(x), tf.constant(y))
        expected = theirs.train_on_batch(x, y)
        np.testing.assert_allclose(float(value), float(expected), rtol=1e-4)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_the_loss_falls(rng):
    x, y = data(rng, 12)
    model = network()
    report = training_loop.fit(
        model, x, y, cross_entropy(), keras.optimizers.Adam(0.05), 6, 30, seed=1
    )
    assert report["loss"][0] > 1.5 * report["loss"][-1]
