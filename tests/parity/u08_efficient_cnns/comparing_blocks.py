"""How a block or a network is compared with its functional twin in Keras."""

import keras
import numpy as np
from keras import ops

from course import autodiff
from solutions.u03_layers.batch_normalization import BatchNormalization
from solutions.u03_layers.dense import Dense
from solutions.u05_convolution.conv2d import Conv2D
from solutions.u05_convolution.depthwise_conv2d import DepthwiseConv2D
from solutions.u05_convolution.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    MaxPooling2D,
)

BACKEND = keras.backend.backend()
COURSE = {
    layer.__name__: layer
    for layer in (
        AveragePooling2D,
        BatchNormalization,
        Conv2D,
        Dense,
        DepthwiseConv2D,
        GlobalAveragePooling2D,
        MaxPooling2D,
    )
}
HALVES = {"mixed_float16": 2e-2, "mixed_bfloat16": 1e-1}


class InOrder(keras.Model):
    """A functional model whose weights stand in the order of these layers.

    Keras lists those of parallel branches by their distance from the output.
    """

    def __init__(self, functional, layers):
        super().__init__()
        self.ordered, self.functional = layers, functional
        self.built = True

    def call(self, inputs, training=False):
        return self.functional(inputs, training=training)

    def compute_output_shape(self, input_shape):
        return self.functional.compute_output_shape(input_shape)


def put_layers(monkeypatch, module, whose="course"):
    """Gives a module of ours the course's layers, or Keras's."""
    for name, ours in COURSE.items():
        if hasattr(module, name):
            layer = ours if whose == "course" else getattr(keras.layers, name)
            monkeypatch.setattr(module, name, layer)


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    assert np.isfinite(ours).all()
    gap, scale = np.max(np.abs(ours - theirs)), np.max(np.abs(theirs))
    assert gap <= tolerance * max(scale, 1e-9), f"{gap / scale:.1e} of the largest"


def stir(model, rng):
    """Random weights that neither blow images up nor let them vanish."""
    for weight in model.weights:
        shape, name = weight.shape, weight.name
        if name == "kernel":
            seen = shape[:2] if shape[0] == 3 and shape[-1] == 1 else shape[:-1]
            values = rng.normal(size=shape) * np.sqrt(2 / np.prod(seen))
        else:
            low = 0.5 if name in ("gamma", "moving_variance") else -0.3
            values = rng.uniform(low, low + 0.8, size=shape)
        weight.assign(values.astype("float32"))
    return model


def same_weights(ours, twin):
    """Names, shapes and order; then the twin's values go into ours."""

    def listed(model):
        return [(weight.name, tuple(weight.shape)) for weight in model.weights]

    assert listed(ours) == listed(twin)
    ours.set_weights(twin.get_weights())


def same(ours, twin, images, training=False, tolerance=1e-4):
    """Outputs, gradients of images and weights, and what training has moved."""
    before = twin.get_weights()
    agree(ours(images, training=training), twin(images, training=training), tolerance)
    for mine, theirs in zip(ours.get_weights(), twin.get_weights(), strict=True):
        agree(mine, theirs, tolerance)
    for model in (ours, twin):
        model.set_weights(before)
    shape = twin.compute_output_shape(images.shape)
    upstream = np.random.default_rng(1).normal(size=shape).astype(images.dtype)
    found, wanted = (gradients(m, images, upstream, training) for m in (ours, twin))
    for mine, theirs in zip(found, wanted, strict=True):
        agree(mine, theirs, 10 * tolerance)


def gradients(model, images, upstream, training):
    """Of Σ upstream · model(images), for the images and for the trainable weights."""
    dtype = images.dtype.name
    given = autodiff.watch(ops.convert_to_tensor(images, dtype=dtype))
    factor = ops.convert_to_tensor(upstream, dtype=dtype)
    return autodiff.gradients(
        lambda: ops.sum(model(given, training=training) * factor),
        [given, *model.trainable_weights],
    )


def survives_a_keras_file(block, images, folder):
    """As part of a model that does not know the size of its images."""
    given = keras.Input((None, None, images.shape[-1]))
    model = keras.Model(given, block(given))
    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "model.keras")
    agree(loaded(images), block(images), 1e-6)
    assert loaded.layers[-1].get_config() == block.get_config()


def trains_in_a_graph(block, images, jit_compile):
    """With batches of three and a rest; every weight that can be trained is moved."""
    given = keras.Input(images.shape[1:])
    model = keras.Model(given, block(given))
    model.compile(optimizer="sgd", loss="mse", jit_compile=jit_compile)
    expected = as_array(block(images))
    agree(model.predict(images, batch_size=3, verbose=0), expected)
    before = model.get_weights()
    model.fit(images, np.zeros_like(expected), batch_size=3, verbose=0)
    pairs = zip(model.weights, before, strict=True)
    assert [w.path for w, old in pairs if np.array_equal(as_array(w), old)] == []


def predicts_in_a_graph(model, images):
    """With batches of two and a rest; `tf.function` on TensorFlow."""
    model.compile(jit_compile=False)
    agree(model.predict(images, batch_size=2, verbose=0), model(images))


def works_in_mixed_precision(make, precision, images):
    """`make(dtype)` gives a block with the same weights each time."""
    whole, half = make("float32"), make(precision)
    y = half(images)
    assert keras.backend.standardize_dtype(y.dtype) == precision.removeprefix("mixed_")
    agree(y, whole(images), HALVES[precision])


def rebuilt_from_course_layers(application):
    """Each layer of a Keras model replaced by ours of the same configuration."""
    replaced = set()

    def ours(layer):
        kind = COURSE.get(type(layer).__name__, type(layer))
        if kind is not type(layer):
            replaced.add(kind.__name__)
        return kind.from_config(layer.get_config())

    model = keras.models.clone_model(application, clone_function=ours)
    model.set_weights(application.get_weights())
    return model, replaced
