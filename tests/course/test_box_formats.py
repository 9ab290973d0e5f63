"""Box formats against Keras's conversion."""

import keras
import numpy as np
import pytest
from keras import ops

from course.box_formats import FORMATS, boxes_of, edges_of

SIZE = (30, 50)
EDGES = np.array([[[2.0, 3, 7, 20], [0, 1, 50, 30]], [[4, 4, 5, 5], [9, 0, 11, 8]]])
formats = pytest.mark.parametrize("box_format", FORMATS)


def as_keras_has_them(box_format):
    return keras.utils.bounding_boxes.convert_format(
        EDGES.astype("float32"), "xyxy", box_format, *SIZE
    )


@formats
def test_boxes_are_written_as_keras_writes_them(box_format):
    edges = np.split(EDGES.astype("float32"), 4, axis=-1)
    found = ops.convert_to_numpy(boxes_of(edges, box_format, SIZE))
    expected = ops.convert_to_numpy(as_keras_has_them(box_format))
    assert found.shape == EDGES.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@formats
def test_boxes_are_read_as_keras_writes_them(box_format):
    boxes = as_keras_has_them(box_format)
    found = ops.concatenate(edges_of(boxes, box_format.upper(), SIZE), axis=-1)
    np.testing.assert_allclose(ops.convert_to_numpy(found), EDGES, rtol=1e-5, atol=1e-5)


def test_keras_has_no_other_formats():
    for box_format in ("rel_center_yxhw", "corners"):
        with pytest.raises(ValueError, match="Invalid"):
            as_keras_has_them(box_format)
        with pytest.raises(ValueError, match="Invalid bounding box format"):
            edges_of(EDGES, box_format, SIZE)
