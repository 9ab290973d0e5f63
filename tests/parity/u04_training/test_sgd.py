"""SGD against Keras's on the backend in use, and against PyTorch's."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u04_training.sgd import SGD

BACKEND = keras.backend.backend()
SETTINGS = {
    "plain": {"learning_rate": 0.1},
    "momentum": {"learning_rate": 0.1, "momentum": 0.9},
    "nesterov": {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    "decay": {"learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.1},
    "clipnorm": {"learning_rate": 0.1, "momentum": 0.5, "clipnorm": 1.0},
    "average": {"learning_rate": 0.1, "use_ema": True, "ema_overwrite_frequency": 3},
    "accumulation": {
        "learning_rate": 0.1,
        "momentum": 0.5,
        "gradient_accumulation_steps": 3,
    },
    "loss scale": {"learning_rate": 0.1, "loss_scale_factor": 8.0},
}
SHAPES = [(3, 4), ()]


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs)) <= tolerance * max(
        np.max(np.abs(theirs)), 1e-9
    )


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
    [*((c, "float32", 1e-4) for c in SETTINGS), ("nesterov", "float64", 1e-6)],
)
def test_fifty_steps_and_all_that_is_remembered(rng, case, dtype, tolerance):
    ours, theirs = SGD(**SETTINGS[case]), keras.optimizers.SGD(**SETTINGS[case])
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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_variables_stay_narrow(rng, dtype):
    start, walk = walk_of(rng, 3, "float32")
    found = walked(SGD(**SETTINGS["nesterov"]), start, walk, dtype)
    exact = walked(keras.optimizers.SGD(**SETTINGS["nesterov"]), start, walk, dtype)
    for ours, theirs in zip(found, exact, strict=True):
        agree(ours, theirs, 5e-2)


@pytest.mark.parametrize("momentum, nesterov", [(0.0, 0), (0.9, 0), (0.9, 1)])
def test_fifty_steps_match_torch(rng, momentum, nesterov):
    torch = pytest.importorskip("torch")
    start, walk = walk_of(rng, 50, "float64")
    found = walked(SGD(0.1, momentum, bool(nesterov)), start, walk, "float64")
    tensors = [torch.tensor(v, requires_grad=True) for v in start]
    oracle = torch.optim.SGD(tensors, 0.1, momentum, nesterov=bool(nesterov))
    for step in walk:
        for tensor, gradient in zip(tensors, step, strict=True):
            tensor.grad = torch.tensor(gradient)
        oracle.step()
    for ours, theirs in zip(found, tensors, strict=True):
        agree(ours, theirs.detach().numpy(), 1e-6)


def test_is_called_like_keras():
    ours, theirs = (inspect.signature(c) for c in (SGD, keras.optimizers.SGD))
    assert str(ours) == str(theirs)
    for bad in ({"momentum": 2.0}, {"momentum": 1}, {"foo": 1}, {"learning_rate": 1}):
        for kind in (SGD, keras.optimizers.SGD):
            with pytest.raises(ValueError):
                kind(**bad)


@pytest.mark.parametrize("case", SETTINGS)
def test_keras_understands_our_configuration(case):
    ours = SGD(**SETTINGS[case], name="s")
    theirs = keras.optimizers.SGD(**SETTINGS[case], name="s")
    assert ours.get_config() == theirs.get_config()
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(ours))
    assert type(copy) is SGD
    assert copy.get_config() == theirs.get_config()


@pytest.mark.parametrize("compiler", [False, True])
def test_fits_as_keras_does_and_goes_on_from_a_file(rng, compiler, tmp_path):
    x, y = rng.normal(size=(7, 3)).astype("float32"), rng.normal(size=(7, 2))
    values, found = [rng.normal(size=s) for s in [(3, 2), (2,)]], []
    for kind in (SGD, keras.optimizers.SGD):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.set_weights(values)
        jit = compiler and BACKEND == "tensorflow"
        model.compile(kind(0.05, 0.9, True), "mse", jit_compile=jit)
        model.fit(x, y, batch_size=3, epochs=2, shuffle=False, verbose=0)
        if kind is SGD:
            model.save(tmp_path / "model.keras")
            model = keras.models.load_model(tmp_path / "model.keras")
            assert type(model.optimizer) is SGD
        model.fit(x, y, batch_size=3, epochs=1, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for ours, theirs in zip(*found, strict=True):
        agree(ours, theirs)
