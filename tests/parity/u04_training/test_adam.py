"""Adam and AdamW against Keras's on the backend in use, and against PyTorch's."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u04_training import adam

BACKEND = keras.backend.backend()
CASES = {
    "Adam": ("Adam", {"learning_rate": 0.05}),
    "amsgrad": ("Adam", {"learning_rate": 0.05, "amsgrad": True, "beta_2": 0.9}),
    "Adam that decays": ("Adam", {"learning_rate": 0.05, "weight_decay": 0.1}),
    "AdamW": ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.1}),
    "AdamW, clipped": ("AdamW", {"learning_rate": 0.05, "global_clipnorm": 1.0}),
}
NAMES = ["Adam", "AdamW"]
SHAPES = [(3, 2), ()]


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs)) <= tolerance * max(
        np.max(np.abs(theirs)), 1e-9
    )


def both(name, settings):
    return getattr(adam, name)(**settings), getattr(keras.optimizers, name)(**settings)


def walk_of(rng, steps, dtype):
    start = [rng.normal(size=s).astype(dtype) for s in SHAPES]
    return start, [
        [rng.normal(size=s).astype(dtype) for s in SHAPES] for _ in range(steps)
    ]


def walked(optimizer, start, walk, dtype):
    variables = [
        keras.Variable(v, dtype=dtype, name=f"v{k}") for k, v in enumerate(start)
    ]
    for step in walk:
        gradients = [ops.convert_to_tensor(g, dtype=dtype) for g in step]
        optimizer.apply(gradients, variables)
    return [as_array(v) for v in variables]


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.mark.parametrize(
    "case, dtype, tolerance",
    [*((c, "float32", 1e-4) for c in CASES), ("AdamW", "float64", 1e-6)],
)
def test_fifty_steps_and_all_that_is_remembered(rng, case, dtype, tolerance):
    ours, theirs = both(*CASES[case])
    start, walk = walk_of(rng, 50, dtype)
    for found, expected in zip(
        walked(ours, start, walk, dtype),
        walked(theirs, start, walk, dtype),
        strict=True,
    ):
        agree(found, expected, tolerance)
    assert [v.path.split("/")[-1] for v in ours.variables] == [
        v.path.split("/")[-1] for v in theirs.variables
    ]
    for found, expected in zip(ours.variables, theirs.variables, strict=True):
        assert found.dtype == expected.dtype
        agree(found, expected, tolerance)


def test_bfloat16_variables_stay_bfloat16(rng):
    start, walk = walk_of(rng, 3, "float32")
    ours, theirs = both("Adam", {"learning_rate": 0.1})
    found, exact = (walked(o, start, walk, "bfloat16") for o in (ours, theirs))
    for one, other in zip(found, exact, strict=True):
        agree(one, other, 5e-2)


@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_fifty_steps_match_torch(rng, name, amsgrad):
    torch = pytest.importorskip("torch")
    start, walk = walk_of(rng, 50, "float64")
    settings = {"amsgrad": amsgrad, "weight_decay": 0.1 if name == "AdamW" else None}
    ours = getattr(adam, name)(0.05, epsilon=1e-12, **settings)
    found = walked(ours, start, walk, "float64")
    tensors = [torch.tensor(v, requires_grad=True) for v in start]
    settings["weight_decay"] = settings["weight_decay"] or 0.0
    oracle = getattr(torch.optim, name)(tensors, 0.05, eps=1e-12, **settings)
    for step in walk:
        for tensor, gradient in zip(tensors, step, strict=True):
            tensor.grad = torch.tensor(gradient)
        oracle.step()
    for one, other in zip(found, tensors, strict=True):
        agree(one, other.detach().numpy(), 1e-5)  # TensorFlow rounds betas to float32


@pytest.mark.parametrize("name", NAMES)
def test_is_called_like_keras(name):
    ours, theirs = getattr(adam, name), getattr(keras.optimizers, name)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    for kind in (ours, theirs):
        for bad in ({"foo": 1}, {"learning_rate": 1}, {"clipnorm": 1, "clipvalue": 1}):
            with pytest.raises(ValueError):
                kind(**bad)
    for kind in (adam.AdamW, keras.optimizers.AdamW):
        with pytest.raises(ValueError):
            kind(weight_decay=None)


@pytest.mark.parametrize("case", CASES)
def test_keras_understands_our_configuration(case):
    name, settings = CASES[case]
    ours, theirs = both(name, {**settings, "name": "a"})
    assert ours.get_config() == theirs.get_config()
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(ours))
    assert type(copy) is type(ours)
    assert copy.get_config() == theirs.get_config()


@pytest.mark.parametrize("compiler", [False, True])
def test_fits_as_keras_does_and_goes_on_from_a_file(rng, compiler, tmp_path):
    x, y = rng.normal(size=(7, 3)).astype("float32"), rng.normal(size=(7, 2))
    values, found = [rng.normal(size=s) for s in [(3, 2), (2,)]], []
    for optimizer in both("AdamW", {"learning_rate": 0.05}):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.set_weights(values)
        jit = compiler and BACKEND == "tensorflow"
        model.compile(optimizer, "mse", jit_compile=jit)
        model.fit(x, y, batch_size=3, epochs=2, shuffle=False, verbose=0)
        if type(optimizer) is adam.AdamW:
            model.save(tmp_path / "model.keras")
            model = keras.models.load_model(tmp_path / "model.keras")
            assert type(model.optimizer) is adam.AdamW
        model.fit(x, y, batch_size=3, epochs=1, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for ours, theirs in zip(*found, strict=True):
        agree(ours, theirs)
