"""Public checks of the training loop. The oracle is Keras's own, step by step."""

import keras
import numpy as np
import pytest

MIXED = {"units": 2, "use_bias": False, "dtype": "mixed_float16"}


def twins(student, rng, kind="Dense", inputs=3, **settings):
    """The same layer twice: in the submission's process, and here in a model."""
    mine = getattr(keras.layers, kind)(**settings)
    layer = student.imported(f"keras.layers.{kind}")(**settings)
    for one in (mine, layer):
        one.build((None, inputs))
    values = [rng.uniform(0.5, 1.5, size=w.shape) for w in mine.get_weights()]
    values = [value.astype("float32") for value in values]
    for one in (mine, layer):
        one.set_weights(values)
    return layer, keras.Sequential([keras.Input((inputs,)), mine])


def optimizers(student, name="SGD", **settings):
    """The submission's side's and ours."""
    kind = student.imported(f"keras.optimizers.{name}")
    return kind(**settings), getattr(keras.optimizers, name)(**settings)


def mean_squares(student):
    return student.imported("keras.losses.MeanSquaredError")()


def a_batch(rng, count=5, inputs=3, units=2):
    shapes = (count, inputs), (count, units)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def same_weights(close, layer, model, what="after the steps"):
    expected = model.get_weights()
    close(len(layer.get_weights()), len(expected), "the number of weights")
    for k, (value, right) in enumerate(zip(layer.get_weights(), expected, strict=True)):
        close(value, right, f"weight {k} {what}", category="wrong_state")


@pytest.mark.points(2)
@pytest.mark.parametrize("sizes", [(0.3, 0.4), (3, 40), (100, 0.01)], ids=str)
def test_clips_by_the_norm_of_all_gradients(student, rng, close, equal, sizes):
    gradients = [rng.normal(size=(3, 2)), rng.normal(size=4)]
    gradients = [
        (size * g / np.linalg.norm(g)).astype("float32")
        for size, g in zip(sizes, gradients, strict=True)
    ]
    norm = np.sqrt(sum(np.sum(g.astype("float64") ** 2) for g in gradients))
    found = student.clip_by_global_norm([gradients[0], None, gradients[1]], 2.0)
    equal(len(found) if isinstance(found, list) else found, 3, "how many come back")
    equal(found[1] is None, True, "whether None stays None")
    for k, gradient in ((0, gradients[0]), (2, gradients[1])):
        close(found[k], gradient * np.float32(min(1, 2 / norm)), f"gradient {k}")


@pytest.mark.points(2)
def test_the_scale_falls_and_grows_as_in_keras(student, rng, close):
    good, bad = np.ones(2, "float32"), np.array([1, np.inf], "float32")
    scale = student.LossScale(64.0, 3)
    oracle = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(), initial_scale=64.0, dynamic_growth_steps=3
    )
    variable, found, expected = keras.Variable(good), [], []
    for letter in "gggggbggbgggbbgggggg":
        gradient = good if letter == "g" else bad
        scale.update([good, None, gradient])
        oracle.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        found.append(scale.scale)
        expected.append(float(oracle.dynamic_scale))
    close(found, expected, "the scale after each step", category="wrong_state")


def test_scales_losses_and_unscales_gradients(student, rng, close, equal):
    (gradient,) = rng.normal(size=(1, 3)).astype("float32")
    scale = student.LossScale(128.0)
    close(scale.scale_loss(np.float32(0.5) * np.ones(())), 64.0, "the scaled loss")
    found = scale.unscale([gradient, None])
    equal(len(found) if isinstance(found, list) else found, 2, "how many come back")
    close(found[0], gradient / np.float32(128), "the gradient")
    equal(scale.update([gradient, None]), True, "update for finite gradients")
    nothing = np.array([np.nan, 0, 0], "float32")
    equal(scale.update([nothing, gradient]), False, "update for a NaN")


@pytest.mark.points(3)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_steps_match_keras(student, rng, close, name):
    layer, model = twins(student, rng, units=2, kernel_regularizer="l2")
    optimizer, oracle = optimizers(student, name, learning_rate=0.1)
    model.compile(oracle, "mse", run_eagerly=True)
    loss = mean_squares(student)
    for _ in range(3):
        x, y = a_batch(rng)
        found = student.train_step(layer, x, y, loss, optimizer)
        expected = model.train_on_batch(x, y)
        close(found, np.float32(expected), "the loss, regularizers included")
        same_weights(close, layer, model, "after a step")


@pytest.mark.points(2)
def test_the_model_is_in_training_mode(student, rng, close):
    layer, model = twins(student, rng, "BatchNormalization")
    optimizer, oracle = optimizers(student, learning_rate=0.1)
    model.compile(oracle, "mse", run_eagerly=True)
    x, y = a_batch(rng, units=3)
    student.train_step(layer, x, y, mean_squares(student), optimizer)
    model.train_on_batch(x, y)
    same_weights(close, layer, model, "after a step")


@pytest.mark.points(2)
@pytest.mark.parametrize("norm", [0.05, 100.0])
def test_a_step_with_clipping_matches_keras(student, rng, close, norm):
    layer, model = twins(student, rng, units=2)
    optimizer, oracle = optimizers(student, learning_rate=0.1)
    oracle.global_clipnorm = norm
    model.compile(oracle, "mse", run_eagerly=True)
    x, y = a_batch(rng)
    student.train_step(layer, x, y, mean_squares(student), optimizer, clip_norm=norm)
    model.train_on_batch(x, y)
    same_weights(close, layer, model, "after a step")


@pytest.mark.points(3)
def test_gradients_too_small_for_float16_are_saved(student, rng, close):
    layer, _ = twins(student, rng, **MIXED)
    layer.set_weights([np.zeros((3, 2), "float32")])
    x, y = a_batch(rng)
    x, y = np.round(4 * x) / np.float32(4), y * np.float32(1e-7)
    optimizer, _ = optimizers(student, learning_rate=1e6)
    student.train_step(layer, x, y, mean_squares(student), optimizer,
                       loss_scale=student.LossScale())  # fmt: skip
    expected = 1e6 * x.astype("float64").T @ (2 * y / y.size)
    found = layer.get_weights()
    close(found[0], expected, "the kernel after a step", tolerance=0.01,
          category="wrong_state")  # fmt: skip


@pytest.mark.points(3)
def test_steps_with_a_loss_scale_match_keras(student, rng, close):
    layer, model = twins(student, rng, **MIXED)
    optimizer, inner = optimizers(student, learning_rate=0.01)
    inner.global_clipnorm = 0.5
    oracle = keras.optimizers.LossScaleOptimizer(
        inner, initial_scale=2.0**17, dynamic_growth_steps=3
    )
    model.compile(oracle, "mse", run_eagerly=True)
    x, y = a_batch(rng)
    y = y + np.float32(4)
    scale, loss = student.LossScale(2.0**17, 3), mean_squares(student)
    for step in range(6):
        found = student.train_step(layer, x, y, loss, optimizer, 0.5, scale)
        expected = model.train_on_batch(x, y)
        close(found, np.float32(expected), f"the loss in step {step}", tolerance=0.01)
        right = float(oracle.dynamic_scale)
        close(
            scale.scale, right, f"the scale after step {step}", category="wrong_state"
        )
        same_weights(close, layer, model, f"after step {step}")


@pytest.mark.points(3)
def test_epochs_and_batches_match_keras(student, rng, close, equal):
    layer, model = twins(student, rng, units=2)
    optimizer, oracle = optimizers(student, learning_rate=0.1, momentum=0.5)
    model.compile(oracle, "mse", run_eagerly=True)
    x, y = a_batch(rng, 7)
    settings = {"batch_size": 3, "epochs": 2, "shuffle": False}
    found = student.fit(layer, x, y, mean_squares(student), optimizer, **settings)
    report = model.fit(x, y, verbose=0, **settings)
    same_weights(close, layer, model, "after two epochs")
    equal(sorted(found) if isinstance(found, dict) else found, ["loss"], "the report")
    close(found["loss"], report.history["loss"], "the losses of both epochs")


def orders(student, rng, epochs, seed, count=6, **settings):
    """In which order `fit` meets its examples, read from the weights.

    Each example is a unit vector, so it moves a weight of its own, by the learning
    rate of that step: step t has t + 1, and in the second epoch count + 1 times that.
    """
    layer = student.imported("keras.layers.Dense")(1, use_bias=False)
    layer.build((None, count))
    layer.set_weights([np.zeros((count, 1), "float32")])
    rates = [
        float((t + 1) * (count + 1) ** e) for e in range(epochs) for t in range(count)
    ]
    name = "keras.optimizers.schedules.PiecewiseConstantDecay"
    schedule = student.imported(name)(list(range(len(rates) - 1)), rates)
    optimizer, loss = (
        student.imported("keras.optimizers.SGD")(schedule),
        student.imported("keras.losses.MeanAbsoluteError")(),
    )
    x, y = np.eye(count, dtype="float32"), np.full((count, 1), 1e6, "float32")
    student.fit(layer, x, y, loss, optimizer, 1, epochs, seed=seed, **settings)
    (moved,) = layer.get_weights()
    codes = np.round(moved[:, 0]).astype(int)
    return [list(codes // (count + 1) ** e % (count + 1)) for e in range(epochs)]


@pytest.mark.points(2)
def test_every_epoch_meets_each_example_once_in_a_new_order(student, rng, equal):
    found = [orders(student, rng, 2, seed) for seed in range(2)]
    for epoch in [epoch for both in found for epoch in both]:
        equal(sorted(int(n) for n in epoch), [1, 2, 3, 4, 5, 6],
              "the places in the order that the six examples had")  # fmt: skip
    same = [first == second for first, second in found]
    equal(all(same), False, "whether both epochs have the same order")


def test_a_seed_makes_the_order_repeatable(student, rng, equal):
    first, again = (orders(student, rng, 1, 5) for _ in range(2))
    equal(first == again, True, "whether a seed repeats itself")
    others = [orders(student, rng, 1, seed) == first for seed in range(6, 9)]
    equal(all(others), False, "whether all seeds give one order")
