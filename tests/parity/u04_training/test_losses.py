"""The loss against Keras's where it can do the same, and against PyTorch's."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u04_training.losses import SparseCategoricalCrossentropy

Keras = keras.losses.SparseCategoricalCrossentropy
SETTINGS = {
    "plain": {},
    "logits": {"from_logits": True},
    "summed": {"from_logits": True, "reduction": "sum"},
    "each": {"reduction": None},
    "ignored": {"from_logits": True, "ignore_class": 1},
    "void": {"ignore_class": -1},
    "weighted mean": {"reduction": "mean_with_sample_weight", "ignore_class": 2},
    "channels first": {"from_logits": True, "axis": 1},
}
SHAPES = {"vectors": (5, 3), "one": (1, 4), "pixels": (2, 3, 4, 3)}


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs)) <= tolerance * max(
        np.max(np.abs(theirs)), 1e-9
    )


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def batch(rng, shape, settings, dtype="float32"):
    scores = rng.uniform(0.1, 1, size=shape).astype(dtype)
    classes = shape[settings.get("axis", -1)]
    places = [
        n for k, n in enumerate(shape) if k != settings.get("axis", -1) % len(shape)
    ]
    labels = rng.integers(classes, size=places)
    if settings.get("ignore_class") == -1:
        labels.flat[0] = -1
    return labels, scores


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("case", SETTINGS)
def test_matches_keras_with_its_gradient(rng, case, shape, weighted):
    settings = SETTINGS[case]
    labels, scores = batch(rng, shape, settings)
    weights = rng.uniform(size=labels.shape).astype("float32") if weighted else None
    found = []
    for kind in (SparseCategoricalCrossentropy, Keras):
        answer = answer_of(kind(**settings), labels, weights, settings.get("axis", -1))
        x = autodiff.watch(scores)
        value, (gradient,) = autodiff.value_and_gradients(
            lambda answer=answer, x=x: ops.sum(answer(x)), [x]
        )
        found.append((answer(scores), value, gradient))
    for ours, theirs in zip(*found, strict=True):
        agree(ours, theirs)


def answer_of(loss, labels, weights, axis):
    """The loss as a function of scores; Keras's own on rows of classes.

    Elsewhere Keras fails: on TensorFlow for classes on other axes, on PyTorch for the
    gradient of probabilities of more than two axes.
    """
    if type(loss) is not Keras:
        return lambda scores: loss(labels, scores, weights)
    shape = labels.shape if loss.reduction is None else ()
    flat = Keras(**{**loss.get_config(), "axis": -1})
    flat_weights = None if weights is None else weights.ravel()

    def by_rows(scores):
        rows = ops.moveaxis(ops.convert_to_tensor(scores), axis, -1)
        rows = ops.copy(ops.reshape(rows, (labels.size, -1)))
        return ops.reshape(flat(labels.ravel(), rows, flat_weights), shape)

    return by_rows


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("ignored", [None, 1])
@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size", None])
def test_matches_torch_with_smoothing(rng, smoothing, ignored, reduction):
    torch = pytest.importorskip("torch")
    labels, scores = rng.integers(4, size=(3, 5)), rng.normal(size=(3, 5, 4))
    loss = SparseCategoricalCrossentropy(
        True, ignored, reduction, dtype="float64", label_smoothing=smoothing
    )
    x = autodiff.watch(ops.convert_to_tensor(scores, dtype="float64"))
    value, (gradient,) = autodiff.value_and_gradients(
        lambda: ops.sum(loss(labels, x)), [x]
    )
    theirs = torch.tensor(scores, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(
        theirs.movedim(-1, 1),
        torch.tensor(labels),
        label_smoothing=smoothing,
        ignore_index=-100 if ignored is None else ignored,
        reduction={"sum": "sum", None: "none"}.get(reduction, "mean"),
    )
    if reduction is None:
        agree(loss(labels, scores), expected.detach().numpy(), 1e-6)
        expected = expected.sum()
    expected.backward()
    agree(value, expected.item(), 1e-6)
    agree(gradient, theirs.grad.numpy(), 1e-6)


def test_smoothing_is_that_of_keras_for_one_hot_labels(rng):
    labels, scores = batch(rng, (6, 4), {})
    for logits in (False, True):
        ours = SparseCategoricalCrossentropy(logits, label_smoothing=0.3)
        theirs = keras.losses.CategoricalCrossentropy(logits, label_smoothing=0.3)
        agree(ours(labels, scores), theirs(np.eye(4)[labels], scores))


@pytest.mark.parametrize("dtype, tolerance", [("float16", 1e-2), ("bfloat16", 5e-2)])
def test_narrow_predictions_are_widened(rng, dtype, tolerance):
    labels, scores = batch(rng, (6, 4), {})
    ours = SparseCategoricalCrossentropy(True)(labels, ops.cast(scores, dtype))
    assert keras.backend.standardize_dtype(ours.dtype) == "float32"
    agree(ours, Keras(True)(labels, scores), tolerance)


def test_is_called_and_configured_like_keras():
    ours = inspect.signature(SparseCategoricalCrossentropy).parameters
    theirs = inspect.signature(Keras).parameters
    assert [(p.name, p.default) for p in ours.values()][:-1] == [
        (p.name, p.default) for p in theirs.values()
    ]
    config = SparseCategoricalCrossentropy(ignore_class=3).get_config()
    assert config.items() >= Keras(ignore_class=3).get_config().items()
    for kind in (SparseCategoricalCrossentropy, Keras):
        with pytest.raises(ValueError):
            kind(reduction="median")


@pytest.mark.parametrize("compiler", [False, True])
def test_fits_as_keras_does_and_survives_a_file(rng, compiler, tmp_path):
    x, y, found = rng.normal(size=(7, 3)).astype("float32"), rng.integers(2, size=7), []
    kernel = rng.normal(size=(3, 2))
    for kind in (SparseCategoricalCrossentropy, Keras):
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(2, use_bias=False)]
        )
        model.set_weights([kernel])
        jit = compiler and keras.backend.backend() == "tensorflow"
        model.compile("sgd", kind(from_logits=True), jit_compile=jit)
        for _ in range(2):
            model.fit(x, y, batch_size=3, shuffle=False, verbose=0)
            model.save(tmp_path / "model.keras")
            model = keras.models.load_model(tmp_path / "model.keras")
            assert type(model.loss) is kind
        found.append(model.get_weights()[0])
    agree(*found)
