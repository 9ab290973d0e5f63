"""Sizes of windows that slide over an image: shared by convolution and pooling.

Shape letters, the same in the whole course: B batch, H W height and width, C channels,
F filters, kh kw the window's height and width, T tokens, N heads, D width of a head.
"""

import math


def pair(
    value: int | tuple[int, int] | list[int], name: str, smallest: int = 1
) -> tuple[int, int]:
    """`3` and `(3, 3)` both mean 3 × 3.

    Raises:
        ValueError: If it isn't one integer or two, none of them below `smallest`.
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    received = f"The `{name}` argument must be a tuple of 2 integers. Received {name}={value!r}"
    if len(values) != 2 or any(type(v) is not int for v in values):
        raise ValueError(f"{received}.")
    if min(values) < smallest:
        wrong = {v for v in values if v < smallest}
        wanted = "> 0" if smallest == 1 else f">= {smallest}"
        raise ValueError(
            f"{received}, including values {wrong} that do not satisfy `value {wanted}`."
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
            f"Computed output size would be zero or negative: a window of {extent} "
            f"pixels does not fit into {size}; make it smaller, or pad with "
            "padding='same'."
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


def last_stamp(
    window: int,
    stride: int,
    padding: str,
    dilation: int = 1,
    output_padding: int | None = None,
) -> int:
    """How many places of a transposed convolution's output belong to the last pixel.

    Each pixel before it has `stride` places of its own. With
    extent = dilation · (window − 1) + 1:

                  output_padding is None    given
        valid     max(extent, stride)       extent + output_padding
        same      stride                    extent mod 2 + output_padding
    """
    extent = dilation * (window - 1) + 1
    if padding == "same":
        return stride if output_padding is None else extent % 2 + output_padding
    return max(extent, stride) if output_padding is None else extent + output_padding


def transposed_size(
    size: int | None,
    window: int,
    stride: int,
    padding: str,
    dilation: int = 1,
    output_padding: int | None = None,
) -> int | None:
    """How many places there are along one axis after a transposed convolution.

        (size − 1) · stride + last_stamp        (Dumoulin & Visin, 2016, section 4)

    An unknown size (None) stays unknown.
    """
    if size is None:
        return None
    last = last_stamp(window, stride, padding, dilation, output_padding)
    return (size - 1) * stride + last
