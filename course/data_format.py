"""Channels last or first: one layer for images (B, H, W, C) and for (B, C, H, W).

The layers of this course are written for channels that come last. Keras's also take
images whose channels come first, by the argument `data_format`, and so do ours:

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = resolved(data_format)
        self.input_spec = image_spec(self.data_format)

    @sees_channels_last
    def call(self, inputs):  # (B, H, W, C), whichever the caller has
        ...

`build` and `compute_output_shape` are marked in the same way. What a marked method calls
has to be unmarked: a shape that is moved already must not be moved once more.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def resolved(data_format: str | None) -> str:
    """`channels_last` or `channels_first`; None asks Keras's own setting.

    Raises:
        ValueError: If it is neither; or if it is None and Keras is set to
            channels_first, for which the course's blocks and networks are not built.
    """
    if data_format is None:
        if keras.config.image_data_format() != "channels_last":
            raise ValueError(
                "Keras's image_data_format is 'channels_first', and the networks of "
                "this course are built for 'channels_last'. Say which one is meant: "
                "data_format='channels_last' or data_format='channels_first'."
            )
        return "channels_last"
    name = str(data_format).lower()
    if name not in ("channels_last", "channels_first"):
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', "
            f"'channels_last'}}. Received: data_format={data_format!r}."
        )
    return name


def image_spec(data_format: str, channels: int | None = None) -> keras.InputSpec:
    """What Keras compares a layer's inputs with: four axes, and how many channels."""
    axis = -1 if data_format == "channels_last" else 1
    return keras.InputSpec(ndim=4, axes=None if channels is None else {axis: channels})


def sees_channels_last(method: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a method of a layer that takes and returns images (B, H, W, C), or shapes.

    If the layer's `data_format` is channels_first, what comes in has its channels moved
    to the end, and what goes out has its last axis moved behind the batch. Otherwise
    nothing is touched.
    """

    @functools.wraps(method)
    def moving(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if layer.data_format == "channels_last":
            return method(layer, *args, **kwargs)
        found = method(
            layer,
            *map(_to_the_end, args),
            **{name: _to_the_end(value) for name, value in kwargs.items()},
        )
        return None if found is None else _to_the_front(found)  # `build` returns None

    return moving


def _to_the_end(images: Any) -> Any:
    """(B, C, H, W) → (B, H, W, C), of a shape or a tensor."""
    if isinstance(images, tuple | list):
        return (images[0], *images[2:], images[1])
    return ops.moveaxis(images, 1, -1)


def _to_the_front(images: Any) -> Any:
    """(B, H, W, C) → (B, C, H, W); (B, C), as after global pooling, stays what it is."""
    if isinstance(images, tuple | list):
        return (images[0], images[-1], *images[1:-1])
    return ops.moveaxis(images, -1, 1)
