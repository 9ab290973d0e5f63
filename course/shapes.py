"""Sizes of windows that slide over an image: shared by convolution and pooling.

Shape letters, the same in the whole course: B batch, H W height and width, C channels,
F filters, kh kw the window's height and width, T tokens, N heads, D width of a head.
"""

import math


def pair(value: int | tuple[int, int] | list[int], name: str) -> tuple[int, int]:
    """`3` and `(3, 3)` both mean 3 × 3.

    Raises:
        ValueError: If it isn't one positive integer or two.
    """
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) != 2 or any(type(v) is not int or v < 1 for v in values):
        raise ValueError(
            f"{name} must be a positive integer or two of them; got {value!r}."
        )
    return values


def output_size(
    size: int | None, window: int, stride: int, padding: str, dilation: int = 1
) -> int | None:
    """How many times a window fits along one axis.

        valid: ⌊(size − extent) / stride⌋ + 1        same: ⌈size / stride⌉

    with extent = dilation · (window − 1) + 1 (Dumoulin & Visin, 2016, relationship 15).
    An unknown size (None) stays unknown.

    Raises:
        ValueError: If the window is larger than the axis and nothing is padded.
    """
    if size is None:
        return None
    if padding == "same":
        return math.ceil(size / stride)
    extent = dilation * (window - 1) + 1
    if size < extent:
        raise ValueError(
            f"A window of {extent} pixels does not fit into {size}; make it smaller, or "
            "pad with padding='same'."
        )
    return (size - extent) // stride + 1


def same_padding(
    size: int, window: int, stride: int, dilation: int = 1
) -> tuple[int, int]:
    """How much `same` padding goes before and after one axis.

    Just enough for ⌈size / stride⌉ windows; an odd rest goes behind, as in TensorFlow.
    Integer arithmetic alone: in a graph, `size` may be a tensor.
    """
    extent = dilation * (window - 1) + 1
    lacking = extent - 1 - (size - 1) % stride  # of the last window; it may be < 0
    total = (lacking + abs(lacking)) // 2  # max(lacking, 0)
    return total // 2, total - total // 2
