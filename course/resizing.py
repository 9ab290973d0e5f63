"""Interpolations that no exercise builds, from Keras."""

from typing import Any

from keras import ops

CURVED = ("bicubic", "lanczos3", "lanczos5")


def enlarged(images: Any, size: tuple[int, int], interpolation: str) -> Any:
    """Images (B, H, W, C) by whole factors, under one of the `CURVED` interpolations.

    In a TensorFlow graph, H and W have to be known: so Keras's `ops.image.resize` wants it.

    Raises:
        ValueError: For another interpolation, and for Lanczos on PyTorch, where Keras
            has none.
    """
    if interpolation not in CURVED:
        raise ValueError(f"{interpolation!r} is none of {', '.join(CURVED)}.")
    _, height, width, _ = ops.shape(images)
    return ops.image.resize(
        images,
        (height * size[0], width * size[1]),
        interpolation=interpolation,
        data_format="channels_last",
    )
