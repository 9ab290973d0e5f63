"""What the parity tests of u06 share."""

import keras
import numpy as np
from keras import ops

from course import autodiff

BACKEND = keras.backend.backend()
HALVES = {"mixed_float16": 2e-2, "mixed_bfloat16": 1e-1}


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    gap, scale = np.max(np.abs(ours - theirs)), np.max(np.abs(theirs))
    assert gap <= tolerance * max(scale, 1e-9)


def gradients(model, images, upstream, **call):
    """Of Σ upstream · model(images), for the images and for the trainable weights."""
    x = autodiff.watch(images)

    def weighted():
        y = model(x, **call)
        return ops.sum(y * ops.convert_to_tensor(upstream, dtype=ops.dtype(y)))

    return autodiff.gradients(weighted, [x, *model.trainable_weights])


def same_after_a_round_trip(model, images, folder):
    """Saves and loads a compiled model; whole batches and a rest through `predict`."""
    model.compile(
        "sgd",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=BACKEND == "tensorflow",  # XLA
    )
    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "model.keras")
    assert type(loaded) is type(model)
    assert loaded.get_config() == model.get_config()
    agree(loaded.predict(images, batch_size=2, verbose=0), model(images), 1e-4)
    return loaded
