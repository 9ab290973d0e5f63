"""What the parity tests of this unit share."""

import keras
import numpy as np
from keras import ops

from course import autodiff

BACKEND = keras.backend.backend()


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs)) <= tolerance * max(
        np.max(np.abs(theirs)), 1e-9
    )


def gradients(layer, images, upstream):
    """Of Σ upstream · layer(images), for the images and for the weights."""
    x = autodiff.watch(images)
    weights = layer.trainable_weights
    return autodiff.gradients(
        lambda: ops.sum(layer(x) * ops.cast(upstream, layer.compute_dtype)),
        [x, *weights],
    )


def resized(layer, rng, channels):
    """What a layer gives for images of several sizes, in one compiled model."""
    given = keras.Input((None, None, channels))
    model = keras.Model(given, layer(given))
    sizes = [(9, 8), (7, 10), (8, 8), (6, 11)]
    images = [rng.normal(size=(2, *size, channels)).astype("float32") for size in sizes]
    return [(x, model.predict(x, verbose=0)) for x in images]


def compiled(layer, images):
    """XLA on TensorFlow; on PyTorch what torch.compile traces."""
    given = keras.Input(images.shape[1:])
    model = keras.Model(given, layer(given))
    if BACKEND == "torch":
        import torch

        return torch.compile(layer, backend="eager")(ops.convert_to_tensor(images))
    model.compile(jit_compile=True)
    return model.predict(images, verbose=0)


def first(torch, array):
    """Channels first, as PyTorch has them, and ready for gradients."""
    return torch.tensor(np.moveaxis(array, 3, 1)).contiguous().requires_grad_()


def last(tensor):
    return np.moveaxis(tensor.detach().numpy(), 1, 3)
