"""Boxes against the pixels that they are around."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from course.bounding_boxes import checked, into, joined, largest, mirrored, moved

H, W = 6, 9


def corners_of(mask):
    """Left, top, right and bottom of what is 1 in a mask (H, W)."""
    rows, columns = np.nonzero(mask)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@st.composite
def boxes(draw):
    left, top = draw(st.integers(0, W - 1)), draw(st.integers(0, H - 1))
    right, bottom = draw(st.integers(left + 1, W)), draw(st.integers(top + 1, H))
    return left, top, right, bottom


def mask_of(box):
    left, top, right, bottom = box
    mask = np.zeros((H, W))
    mask[top:bottom, left:right] = 1
    return mask


def one(box):
    around = {"boxes": np.array([box], "float32"), "labels": np.array([7])}
    return checked(around)


def as_list(tensor):
    return ops.convert_to_numpy(tensor).tolist()


@settings(deadline=None, max_examples=40)
@given(boxes())
def test_a_mirrored_box_is_around_the_mirrored_pixels(box):
    def move(left, top, right, bottom):
        left, right = mirrored(True, left, right, W)
        return left, top, right, bottom

    found = moved(one(box), move, "xyxy", (H, W), (H, W))
    assert as_list(found["boxes"]) == [corners_of(mask_of(box)[:, ::-1])]
    assert as_list(found["labels"]) == [7]


@settings(deadline=None, max_examples=40)
@given(boxes(), st.integers(0, 3), st.integers(0, 4))
def test_a_cut_box_is_around_the_pixels_that_are_left(box, top, left):
    found = moved(one(box), into((3, 5), (top, left, 3, 5)), "xyxy", (H, W), (3, 5))
    mask = mask_of(box)[top : top + 3, left : left + 5]
    if np.any(mask):
        assert as_list(found["boxes"]) == [corners_of(mask)]
        assert as_list(found["labels"]) == [7]
    else:
        assert as_list(found["labels"]) == [-1]


@given(st.integers(1, 30), st.integers(1, 30))
def test_the_largest_part_lies_in_the_middle_and_reaches_two_borders(height, width):
    top, left, high, wide = largest((height, width), (H, W))
    assert (high == H and 1 <= wide <= W) or (wide == W and 1 <= high <= H)
    assert 0 <= H - high - 2 * top <= 1 and 0 <= W - wide - 2 * left <= 1
    # no side is a whole pixel away from where the window's shape would have it
    assert abs(high * width - wide * height) < max(height, width)


def test_rows_of_probabilities_stand_for_labels_too():
    given = checked({"boxes": [[0.0, 0, 1, 1], [4, 4, 5, 5]], "labels": np.eye(2)})
    found = moved(given, into((3, 3), (0, 0, 3, 3)), "xyxy", (H, W), (3, 3))
    assert as_list(found["labels"]) == [[1, 0], [-1, -1]]


def test_partners_boxes_come_after_ones_own():
    given = {"boxes": np.arange(16.0).reshape(2, 2, 4), "labels": np.eye(2)}
    found = joined(checked(given), np.array([1, 0]))
    assert as_list(found["labels"]) == [[1, 0, 0, 1], [0, 1, 1, 0]]
    assert as_list(found["boxes"])[0][2] == [8, 9, 10, 11]


@pytest.mark.parametrize("wrong", [None, {"boxes": np.zeros((1, 4))}])
def test_refuses_what_has_no_boxes_or_no_labels(wrong):
    with pytest.raises(ValueError, match="keys 'boxes' and 'labels'"):
        checked(wrong)
