"""Bounding boxes that go where their images go.

A data set for detection has, beside its images, the boxes around what is to be found:

    {"boxes": (B, N, 4), "labels": (B, N)}

four numbers and a class for each of N objects; images with fewer objects are filled up
with boxes without an area, of class −1. Which four numbers these are is a box's format
(`course.box_formats`). Here everything is done with its edges, left, top, right and
bottom, in pixels.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

from course.box_formats import Size, boxes_of, edges_of

Part = tuple[Any, Any, Any, Any]  # of an image: top, left, height, width
Move = Callable[..., tuple[Any, ...]]  # left, top, right, bottom → the new four


def checked(bounding_boxes: Any) -> dict[str, Any]:
    """The dict with its boxes in float32, in which a coordinate of 4,001 is a number.

    Raises:
        ValueError: If it is no such dict.
    """
    if not isinstance(bounding_boxes, dict) or not {"boxes", "labels"} <= set(
        bounding_boxes
    ):
        raise ValueError(
            "Expected `bounding_boxes` to be a dict with keys 'boxes' and 'labels'. "
            f"Received: bounding_boxes={bounding_boxes}"
        )
    boxes = ops.cast(bounding_boxes["boxes"], "float32")
    if len(boxes.shape) not in (2, 3):
        raise ValueError(
            "Expected `bounding_boxes['boxes']` to have rank 2 or 3, with shape "
            "(num_boxes, 4) or (batch_size, num_boxes, 4). Received: "
            f"bounding_boxes['boxes'].shape={tuple(boxes.shape)}"
        )
    labels = ops.convert_to_tensor(bounding_boxes["labels"])
    return {**bounding_boxes, "boxes": boxes, "labels": labels}


def moved(
    bounding_boxes: dict[str, Any],
    move: Move,
    box_format: str,
    before: Size,
    after: Size,
) -> dict[str, Any]:
    """The boxes at their new places, as far as these are inside the image.

    Args:
        bounding_boxes: `boxes` and `labels`, as from `checked`.
        move: From the edges, each (…, N, 1), to the new ones.
        box_format: That of the boxes, here and in the result.
        before: The image's height and width.
        after: Its new height and width.

    Returns:
        The same dict with other boxes. Of a box that lies outside the image nothing is
        left: an area of 0, and −1 for its label.
    """
    boxes, labels = bounding_boxes["boxes"], bounding_boxes["labels"]
    left, top, right, bottom = move(*edges_of(boxes, box_format, before))
    height, width = (ops.cast(side, boxes.dtype) for side in after)
    left, right = (ops.clip(edge, 0, width) for edge in (left, right))
    top, bottom = (ops.clip(edge, 0, height) for edge in (top, bottom))
    inside = (right > left) & (bottom > top)
    if len(labels.shape) < len(boxes.shape):  # numbers of classes, no rows for them
        inside = ops.squeeze(inside, axis=-1)
    return {
        **bounding_boxes,
        "boxes": boxes_of((left, top, right, bottom), box_format, after),
        "labels": ops.where(inside, labels, ops.cast(-1, labels.dtype)),
    }


def mirrored(flips: Any, low: Any, high: Any, size: Any) -> tuple[Any, Any]:
    """Two opposite edges of each box, seen in a mirror where `flips` says so.

    What was `high` pixels from one border is that far from the other: the right edge of
    a box becomes its left one.
    """
    size = ops.cast(size, low.dtype)
    return ops.where(flips, size - high, low), ops.where(flips, size - low, high)


def into(window: tuple[int, int], part: Part) -> Move:
    """A move with a part of the image that becomes the window, as large or resized."""
    top, left, height, width = part

    def move(*edges: Any) -> tuple[Any, ...]:
        starts = [ops.cast(start, edges[0].dtype) for start in (left, top)] * 2
        scales = [window[1] / width, window[0] / height] * 2
        return tuple(
            (edge - start) * scale
            for edge, start, scale in zip(edges, starts, scales, strict=True)
        )

    return move


def largest(window: tuple[int, int], size: tuple[int, int]) -> Part:
    """The largest part in the middle of an image that has the window's shape."""
    (height, width), (rows, columns) = window, size
    high = max(min(rows, columns * height // width), 1)
    wide = max(min(columns, rows * width // height), 1)
    return (rows - high) // 2, (columns - wide) // 2, high, wide


def joined(bounding_boxes: dict[str, Any], partners: Any) -> dict[str, Any]:
    """The N boxes of each example, followed by those of its partner: 2N of them."""

    def join(part: Any) -> Any:
        both = [part, ops.take(part, partners, axis=0)]
        return ops.concatenate(both, axis=min(1, len(part.shape) - 1))

    return {name: join(part) for name, part in bounding_boxes.items()}
