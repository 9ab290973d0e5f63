"""Hidden checks of the training loop: edges, other layers, defaults."""

import keras
import numpy as np
import pytest


def remote(student, kind, values=None, inputs=3, **settings):
    layer = student.imported(f"keras.layers.{kind}")(**settings)
    layer.build((None, inputs))
    if values is not None:
        layer.set_weights(values)
    return layer


def sgd(student, rate, **settings):
    return student.imported("keras.optimizers.SGD")(rate, **settings)


def mean_squares(student):
    return student.imported("keras.losses.MeanSquaredError")()


def after_a_step(x, y, kernel, rate):
    """A Dense layer's kernel after a step down the mean of squares, in float64."""
    x, y = x.astype("float64"), y.astype("float64")
    return kernel - rate * 2 * x.T @ (x @ kernel - y) / y.size


def test_gradients_of_0_stay_0(student, close, equal):
    zero = np.zeros((2, 3), "float32")
    found = student.clip_by_global_norm([zero, zero[0]], 1.0)
    equal(len(found) if isinstance(found, list) else found, 2, "how many come back")
    close(found[0], zero)
    close(found[1], zero[0])


def test_a_norm_just_at_the_limit_is_left(student, close, equal):
    gradient = np.array([3, 4], "float32")
    found = student.clip_by_global_norm([gradient], 5.0)
    equal(len(found) if isinstance(found, list) else found, 1, "how many come back")
    close(found[0], gradient)


def test_the_scale_begins_and_grows_as_in_keras(student, close):
    scale, good = student.LossScale(), np.ones(2, "float32")
    close(scale.scale, 2.0**15, "the first scale")
    for _ in range(3):
        scale.update([good])
    close(scale.scale, 2.0**15, "the scale after three good steps")
    quick = student.LossScale(4.0, 1)
    for _ in range(3):
        quick.update([good])
    close(quick.scale, 32.0, "the scale that doubles with every good step")
    small = student.LossScale(1.0)
    small.update([np.nan * good])
    close(small.scale, 0.5, "a scale of 1, halved")


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_any_strange_number_is_found(student, rng, equal, bad):
    gradients = [rng.normal(size=(2, 3)), rng.normal(size=4)]
    equal(student.LossScale().update(gradients), True, "update for finite gradients")
    gradients[1][2] = bad
    equal(student.LossScale().update(gradients), False, f"update for {bad}")


def test_a_skipped_step_changes_no_weight_and_no_memory(student, rng, close, equal):
    kernel = rng.normal(size=(3, 2)).astype("float32")
    layer = remote(student, "Dense", [kernel], units=2, use_bias=False)
    optimizer, scale = sgd(student, 0.1, momentum=0.9), student.LossScale(16.0)
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    x, y = x.astype("float32"), y.astype("float32")
    strange = np.full_like(y, np.nan)
    loss = mean_squares(student)
    student.train_step(layer, x, strange, loss, optimizer, loss_scale=scale)
    close(scale.scale, 8.0, "the scale after a NaN")
    student.train_step(layer, x, y, loss, optimizer, loss_scale=scale)
    close(layer.get_weights()[0], np.float32(after_a_step(x, y, kernel, 0.1)),
          "the kernel after a NaN and a good step")  # fmt: skip


def test_a_batch_of_one_and_float64(student, rng, close):
    kernel = rng.normal(size=(3, 2))
    layer = remote(student, "Dense", [kernel], units=2, use_bias=False, dtype="float64")
    x, y = rng.normal(size=(1, 3)), rng.normal(size=(1, 2))
    loss = student.imported("keras.losses.MeanSquaredError")(dtype="float64")
    found = student.train_step(layer, x, y, loss, sgd(student, 0.5))
    close(found, np.mean((x @ kernel - y) ** 2), "the loss")
    close(layer.get_weights()[0], after_a_step(x, y, kernel, 0.5), "the kernel")


def test_only_trainable_weights_move(student, rng, close):
    values = [rng.uniform(0.5, 1.5, size=3).astype("float32") for _ in range(4)]
    layer = remote(student, "BatchNormalization", values, momentum=1.0)
    x = rng.normal(size=(4, 3)).astype("float32")
    student.train_step(layer, x, 2 * x, mean_squares(student), sgd(student, 0.1))
    found = layer.get_weights()
    close(found[2], values[2], "the moving mean, which is frozen")
    close(bool(np.all(found[0] != values[0])), True, "whether gamma has moved")


def test_a_model_that_is_not_built_yet(student, rng, close):
    layer = student.imported("keras.layers.Dense")(
        2, use_bias=False, kernel_initializer="ones"
    )
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    x, y = x.astype("float32"), y.astype("float32")
    student.train_step(layer, x, y, mean_squares(student), sgd(student, 0.1))
    close(layer.get_weights()[0], np.float32(after_a_step(x, y, np.ones((3, 2)), 0.1)))


@pytest.mark.points(2)
def test_labels_go_with_their_examples(student, rng, close):
    layer = student.imported("keras.layers.Embedding")(20, 1)
    layer.build((None,))
    layer.set_weights([np.zeros((20, 1), "float32")])
    x = np.arange(20)
    y = rng.normal(size=(20, 1)).astype("float32")
    student.fit(layer, x, y, mean_squares(student), sgd(student, 0.5), batch_size=1)
    close(layer.get_weights()[0], y, "what was learned by heart in one epoch")


@pytest.mark.points(2)
@pytest.mark.parametrize("batch", [32, 5, 4, 1])
def test_batches_of_all_sizes(student, rng, close, equal, batch):
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    x, y = x.astype("float32"), y.astype("float32")
    kernel = rng.normal(size=(3, 2)).astype("float32")
    layer = remote(student, "Dense", [kernel], units=2, use_bias=False)
    optimizer = sgd(student, 0.1)
    found = student.fit(layer, x, y, mean_squares(student), optimizer, batch,
                        shuffle=False)  # fmt: skip
    losses, right = [], kernel
    for k in range(0, 5, batch):
        xs, ys = x[k : k + batch], y[k : k + batch]
        losses += [np.mean((xs @ right - ys) ** 2)] * len(xs)
        right = after_a_step(xs, ys, right, 0.1)
    close(layer.get_weights()[0], np.float32(right), "the kernel")
    equal(sorted(found) if isinstance(found, dict) else found, ["loss"], "the report")
    close(found["loss"], [float(np.mean(losses))], "the loss", tolerance=1e-5)


def test_fit_clips_and_scales(student, rng, close):
    x, y = rng.normal(size=(4, 3)), 50 + rng.normal(size=(4, 2))
    x, y = x.astype("float32"), y.astype("float32")
    kernel = rng.normal(size=(3, 2)).astype("float32")
    layer = remote(student, "Dense", [kernel], units=2, use_bias=False)
    scale = student.LossScale(8.0, 1)
    student.fit(layer, x, y, mean_squares(student), sgd(student, 1.0), 2, 2, False,
                clip_norm=0.25, loss_scale=scale)  # fmt: skip
    close(scale.scale, 128.0, "the scale after four steps that each double it")
    oracle = keras.layers.Dense(2, use_bias=False)
    model = keras.Sequential([keras.Input((3,)), oracle])
    oracle.set_weights([kernel])
    model.compile(
        keras.optimizers.SGD(1.0, global_clipnorm=0.25), "mse", run_eagerly=True
    )
    model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0)
    close(layer.get_weights()[0], oracle.kernel, "the kernel after four clipped steps")
