"""The layers of u03 against Keras's on the backend in use, and against PyTorch."""

import inspect
import re

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u03_layers import batch_normalization, dense, dropout, fcnn

Dense, Dropout = dense.Dense, dropout.Dropout
BatchNormalization = batch_normalization.BatchNormalization

BACKEND = keras.backend.backend()
SHAPES = {"vectors": (5, 3), "time steps": (4, 6, 3), "images": (2, 4, 5, 3)}
DENSE = {
    "plain": {},
    "tanh": {"activation": "tanh"},
    "no bias": {"use_bias": False, "activation": "relu"},
    "regularized": {"kernel_regularizer": "l2", "activity_regularizer": "l1"},
}
NORMALIZATION = {
    "plain": {},
    "large epsilon": {"epsilon": 0.5, "momentum": 0.6},
    "no beta": {"center": False},
    "no gamma": {"scale": False},
    "neither": {"center": False, "scale": False},
}
PRECISIONS = {"float64": 1e-6, "mixed_float16": 1e-2, "mixed_bfloat16": 5e-2}

shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
normalizations = pytest.mark.parametrize(
    "settings", NORMALIZATION.values(), ids=NORMALIZATION
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    gap, scale = np.max(np.abs(ours - theirs)), np.max(np.abs(theirs))
    assert gap <= tolerance * max(scale, 1e-9)


def weights_like(layer, rng):
    """Random values for the layer's weights; all positive, as variances must be."""
    return [rng.uniform(0.5, 2, size=w.shape).astype("float32") for w in layer.weights]


def pair(ours, theirs, shape, rng):
    """Both layers, built, with the same weights."""
    for layer in (ours, theirs):
        layer.build(shape)
    theirs.set_weights(weights_like(theirs, rng))
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def inputs_of(rng, shape, dtype="float32"):
    spread, place = rng.uniform(0.3, 2, size=shape[-1]), rng.normal(size=shape[-1])
    return (spread * rng.normal(size=shape) + place).astype(dtype)


def gradients(layer, x, upstream, **call):
    """Of Σ upstream · layer(x), for the input and for the trainable weights."""
    given = autodiff.watch(x)
    return autodiff.gradients(
        lambda: ops.sum(layer(given, **call) * upstream),
        [given, *layer.trainable_weights],
    )


def same_gradients(ours, theirs, x, rng, **call):
    upstream = ops.convert_to_tensor(
        rng.normal(size=tuple(ops.shape(ours(x)))), dtype="float32"
    )
    pairs = zip(
        gradients(ours, x, upstream, **call),
        gradients(theirs, x, upstream, **call),
        strict=True,
    )
    for mine, wanted in pairs:
        agree(mine, wanted)


def same_after_a_round_trip(layer, x, folder):
    given = keras.Input(x.shape[1:])
    model = keras.Model(given, layer(given))
    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "model.keras")
    agree(loaded(x), layer(x), 1e-6)
    assert type(loaded.layers[-1]) is type(layer)
    return loaded.layers[-1]


# Dense


@shapes
@pytest.mark.parametrize("settings", DENSE.values(), ids=DENSE)
def test_dense_agrees_with_keras(rng, shape, settings):
    ours, theirs = pair(
        Dense(4, **settings), keras.layers.Dense(4, **settings), shape, rng
    )
    x = inputs_of(rng, shape)
    agree(ours(x), theirs(x))
    assert ours.count_params() == theirs.count_params()
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert ours.compute_output_shape((None, *shape[1:])) == (None, *shape[1:-1], 4)
    same_gradients(ours, theirs, x, rng)
    agree(sum(ours.losses, 0.0), sum(theirs.losses, 0.0))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_dense_agrees_in_every_precision(rng, precision):
    ours, theirs = pair(
        Dense(4, dtype=precision), keras.layers.Dense(4, dtype=precision), (3, 5), rng
    )
    x = inputs_of(rng, (3, 5))
    assert keras.backend.standardize_dtype(ours(x).dtype) == ours.compute_dtype
    if precision != "float64":
        agree(ours(x), theirs(x), PRECISIONS[precision])
        return
    kernel, bias = (w.astype("float64") for w in ours.get_weights())
    agree(ours(x), x @ kernel + bias, PRECISIONS[precision])


def test_dense_agrees_with_torch(rng):
    torch = pytest.importorskip("torch")
    ours = Dense(4)
    ours.build((None, 5))
    theirs = torch.nn.Linear(5, 4)
    ours.set_weights([theirs.weight.detach().numpy().T, theirs.bias.detach().numpy()])
    x = rng.normal(size=(3, 6, 5)).astype("float32")
    agree(ours(x), theirs(torch.tensor(x)).detach().numpy())


# Dropout


@pytest.mark.parametrize("noise_shape", [None, (None, 1, None), (50, 20, 1)], ids=str)
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_has_the_statistics_of_keras(rng, rate, noise_shape):
    x = rng.uniform(1, 2, size=(50, 20, 30)).astype("float32")
    shared = np.prod(
        [
            1 if n == 1 else size
            for n, size in zip(noise_shape or x.shape, x.shape, strict=True)
        ]
    )
    zeros = []
    for layer in (Dropout, keras.layers.Dropout):
        y = as_array(layer(rate, noise_shape, seed=5)(x, training=True))
        kept = y != 0
        agree(y[kept], x[kept] / (1 - rate))
        zeros.append(1 - kept.mean())
    chance = 7 * np.sqrt(rate * (1 - rate) / shared)
    assert abs(zeros[0] - rate) < chance and abs(zeros[1] - rate) < chance


@pytest.mark.parametrize("call", [{}, {"training": False}])
def test_dropout_is_the_identity_at_inference(rng, call):
    x = rng.normal(size=(3, 4)).astype("float32")
    assert np.array_equal(as_array(Dropout(0.5)(x, **call)), x)


def test_dropout_agrees_with_keras_at_the_ends(rng):
    x = rng.normal(size=(3, 4)).astype("float32")
    for rate in (0, 0.0, 1, 1.0):
        y = Dropout(rate)(x, training=True)
        agree(y, keras.layers.Dropout(rate)(x, training=True), 0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_dropout_keeps_the_precision(rng, precision):
    layer = Dropout(0.5, dtype=precision)
    y = layer(rng.uniform(1, 2, size=(50, 60)), training=True)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    assert abs(np.mean(as_array(y) == 0) - 0.5) < 7 * 0.5 / np.sqrt(3000)


def test_dropout_draws_anew_in_every_step_of_a_graph(rng):
    """A mask that is drawn while tracing would be the same in all steps."""
    x = np.ones((4, 30), "float32")
    given = keras.Input((30,))
    model = keras.Model(given, Dropout(0.5)(given))
    seen = []

    def remember(y_true, y_pred):
        return ops.mean(y_pred * ops.arange(30, dtype="float32"))

    model.compile(optimizer="sgd", loss=remember)
    for _ in range(6):
        seen.append(model.train_on_batch(x, x))
    assert len(set(map(float, seen))) > 1


def test_dropout_refuses_what_keras_refuses():
    for arguments in ((-0.1,), (1.1,), (0.5, (None, 0)), (0.5, (2.5,)), (0.5, "abc")):
        for layer in (Dropout, keras.layers.Dropout):
            with pytest.raises(ValueError):
                layer(*arguments)


# Batch normalization


@shapes
@normalizations
def test_batch_normalization_agrees_with_keras(rng, shape, settings):
    ours, theirs = pair(
        BatchNormalization(**settings),
        keras.layers.BatchNormalization(**settings),
        shape,
        rng,
    )
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert [w.trainable for w in ours.weights] == [w.trainable for w in theirs.weights]
    for _ in range(3):
        x = inputs_of(rng, shape)
        agree(ours(x), theirs(x))
        agree(ours(x, training=True), theirs(x, training=True), 1e-3)
        for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
            agree(mine, wanted)
    same_gradients(ours, theirs, x, rng, training=False)
    ours.trainable = theirs.trainable = False
    agree(ours(x, training=True), theirs(x, training=True))


@shapes
def test_gradients_of_batch_normalization_agree_in_training(rng, shape):
    ours, theirs = pair(
        BatchNormalization(), keras.layers.BatchNormalization(), shape, rng
    )
    same_gradients(ours, theirs, inputs_of(rng, shape), rng, training=True)


@pytest.mark.parametrize("axis", [1, 2, 3, -2, -3])
def test_batch_normalization_agrees_on_every_axis(rng, axis):
    shape = (2, 4, 5, 3)
    ours, theirs = pair(
        BatchNormalization(axis), keras.layers.BatchNormalization(axis), shape, rng
    )
    x = inputs_of(rng, shape)
    agree(ours(x, training=True), theirs(x, training=True), 1e-3)
    agree(ours(x), theirs(x))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_batch_normalization_agrees_in_every_precision(rng, precision):
    ours, theirs = pair(
        BatchNormalization(dtype=precision),
        keras.layers.BatchNormalization(dtype=precision),
        (40, 3),
        rng,
    )
    x = inputs_of(rng, (40, 3))
    for training in (True, False):
        mine, wanted = ours(x, training=training), theirs(x, training=training)
        assert mine.dtype == wanted.dtype
        agree(mine, wanted, PRECISIONS[precision])
    for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
        assert mine.dtype == wanted.dtype
        agree(mine, wanted)


def test_batch_normalization_agrees_with_torch(rng):
    torch = pytest.importorskip("torch")
    x = inputs_of(rng, (4, 5, 6, 3))
    theirs = torch.nn.BatchNorm2d(3, eps=0.01, momentum=0.3)
    ours = BatchNormalization(epsilon=0.01, momentum=0.7)
    moved = torch.tensor(x).permute(0, 3, 1, 2)
    wanted = theirs(moved).permute(0, 2, 3, 1).detach().numpy()
    agree(ours(x, training=True), wanted)
    agree(ours.moving_mean, theirs.running_mean.numpy())
    n = 4 * 5 * 6  # PyTorch keeps the unbiased variance: n / (n − 1) times Keras's
    unbiased = (theirs.running_var.numpy() - 0.7) / 0.3
    agree(ours.moving_variance, 0.7 + 0.3 * unbiased * (n - 1) / n)


def test_batch_normalization_refuses_what_it_does_not_build():
    for settings in (
        {"renorm": True},
        {"synchronized": True},
        {"renorm_clipping": {"rmax": 3}},
        {"moving_mean_regularizer": "l2"},
        {"no_such_argument": 1},
    ):
        with pytest.raises(ValueError):
            BatchNormalization(**settings)
    with pytest.raises(ValueError, match="mask"):
        BatchNormalization()(np.ones((2, 3, 4)), mask=np.ones((2, 3), bool))
    masked = keras.layers.Masking()(np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match="mask"):
        BatchNormalization()(masked)


# Dense, Dropout and BatchNormalization alike


LAYERS = {
    "Dense": lambda: (Dense(4, activation="relu", kernel_regularizer="l2"),
                      keras.layers.Dense),
    "Dropout": lambda: (Dropout(0.25, (None, 1), seed=3), keras.layers.Dropout),
    "BatchNormalization": lambda: (BatchNormalization(momentum=0.5, center=False),
                                   keras.layers.BatchNormalization),
}  # fmt: skip
layers = pytest.mark.parametrize("name", LAYERS)


@layers
def test_configurations_are_understood_on_both_sides(name):
    ours, theirs = LAYERS[name]()
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    config = {k: v for k, v in ours.get_config().items() if k != "name"}
    as_keras = theirs.from_config(ours.get_config())
    known = as_keras.get_config()
    assert {k: known[k] for k in config} == config
    assert type(ours).from_config(known).get_config() == ours.get_config()


@layers
def test_positional_arguments_come_in_the_order_of_keras(name):
    ours, theirs = LAYERS[name]()
    mine = inspect.signature(type(ours)).parameters.values()
    wanted = inspect.signature(theirs).parameters
    positional = [p.name for p in mine if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == list(wanted)[: len(positional)]
    for parameter in mine:
        if parameter.name in wanted and parameter.name != "kwargs":
            assert parameter.default == wanted[parameter.name].default


@layers
def test_survives_a_keras_file(rng, tmp_path, name):
    layer, _ = LAYERS[name]()
    x = inputs_of(rng, (6, 3))
    layer(x, training=True)
    loaded = same_after_a_round_trip(layer, x, tmp_path)
    assert loaded.get_config() == layer.get_config()


@layers
def test_a_trained_model_survives_a_keras_file(rng, tmp_path, name):
    layer, _ = LAYERS[name]()
    x = inputs_of(rng, (7, 3))
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x[:, :1], batch_size=3, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    agree(loaded.predict(x, verbose=0), model.predict(x, verbose=0), 1e-6)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="XLA through TensorFlow")
@layers
def test_compiles_with_xla(rng, name):
    layer, _ = LAYERS[name]()
    x = inputs_of(rng, (6, 3))
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", jit_compile=True)
    model.fit(x, x[:, :1], batch_size=3, verbose=0)
    agree(model.predict(x, verbose=0), model(x), 1e-4)


# FCNN


@pytest.fixture(params=["course", "keras"])
def FCNN(request, monkeypatch):
    """The network, made of the course's layers and of Keras's."""
    places = {"course": globals(), "keras": vars(keras.layers)}
    for name in LAYERS:
        monkeypatch.setattr(fcnn, name, places[request.param][name])
    return fcnn.FCNN


def twin_of(shape, units, num_classes, dropout_rate):
    given = keras.Input(shape)
    x = keras.layers.Flatten()(given)
    for width in units:
        x = keras.layers.Dense(width, use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.Dropout(dropout_rate)(x)
    return keras.Model(given, keras.layers.Dense(num_classes)(x))


@pytest.mark.parametrize("shape", [(5,), (3, 4), (3, 4, 2)], ids=str)
@pytest.mark.parametrize("units", [(), (7,), (7, 6, 5)], ids=str)
def test_fcnn_agrees_with_its_functional_twin(FCNN, rng, shape, units):
    ours, theirs = FCNN(units, 4, 0.0), twin_of(shape, units, 4, 0.0)
    ours.build((None, *shape))
    theirs.set_weights(weights_like(theirs, rng))
    ours.set_weights(theirs.get_weights())
    x = rng.normal(size=(6, *shape)).astype("float32")
    agree(ours(x), theirs(x))
    agree(ours(x, training=True), theirs(x, training=True), 1e-3)
    for mine, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        agree(mine, wanted)
    assert ours.count_params() == theirs.count_params()


def test_fcnn_learns_like_its_twin(FCNN, rng):
    """Without chance (no dropout, no shuffling) ten steps lead to the same weights."""
    ours, theirs = FCNN((7,), 3, 0.0), twin_of((5,), (7,), 3, 0.0)
    ours.build((None, 5))
    ours.set_weights(theirs.get_weights())
    x = rng.normal(size=(23, 5)).astype("float32")
    y = rng.integers(0, 3, size=23)
    for model in (ours, theirs):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
        model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    agree(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), 1e-3)


def test_the_table_of_fcnn_counts_right(FCNN):
    row = r"\| *\w+ *\| *(\(.*?\)) *\| *FCNN\((\(.*?\)), (\d+), [\d.]+\) *\| *([\d,]+) *\| *([\d,]+) *\|"
    rows = re.findall(row, FCNN.__doc__)
    assert len(rows) == 3
    for shape, units, num_classes, *counts in rows:
        shape, units = ([int(n) for n in re.findall(r"\d+", t)] for t in (shape, units))
        model = FCNN(units, int(num_classes), 0.1)
        model.build((None, *shape))
        trainable = sum(np.prod(w.shape) for w in model.trainable_weights)
        assert [int(n.replace(",", "")) for n in counts] == [
            model.count_params(),
            trainable,
        ]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_fcnn_hands_its_precision_on(FCNN, rng, precision):
    model = FCNN((7, 6), 4, 0.2, dtype=precision)
    logits = model(rng.normal(size=(5, 3)), training=True)
    assert keras.backend.standardize_dtype(logits.dtype) == model.compute_dtype


def test_fcnn_survives_a_keras_file(FCNN, rng, tmp_path):
    model = FCNN((7, 6), 4, 0.2)
    x = rng.normal(size=(9, 3, 4)).astype("float32")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, rng.integers(0, 4, size=9), batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    agree(loaded.predict(x, verbose=0), model.predict(x, verbose=0), 1e-6)
    assert loaded.get_config() == model.get_config()
    loaded.fit(x, rng.integers(0, 4, size=9), batch_size=4, verbose=0)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="XLA through TensorFlow")
def test_fcnn_compiles_with_xla(FCNN, rng):
    model = FCNN((7,), 4, 0.2)
    x = rng.normal(size=(6, 3)).astype("float32")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=True)
    model.fit(x, rng.integers(0, 4, size=6), batch_size=3, verbose=0)
    agree(model.predict(x, verbose=0), model(x), 1e-4)
