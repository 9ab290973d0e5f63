"""What kind of wrong: names the slip that turns the expected values into the actual.

Each rule compares two finite arrays and answers with a sentence or nothing. The first
that fits speaks, so the specific ones come first.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

Near = Callable[[np.ndarray, np.ndarray], bool]


def explain_values(actual: np.ndarray, expected: np.ndarray, near: Near) -> str:
    """A sentence for two arrays of one shape with different values, or ''."""
    finite = np.isfinite(actual).all() and np.isfinite(expected).all()
    if actual.size < 2 or not finite or not np.any(expected):
        return ""
    for rule in _VALUE_RULES:
        with np.errstate(all="ignore"):
            sentence = rule(actual, expected, near)
        if sentence:
            return sentence
    return ""


def explain_shape(actual: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """A sentence for two different shapes, or ''."""
    if sorted(actual) == sorted(expected):
        order = _permutation(actual, expected)
        return f"The axes are in another order; transpose by {order} to mend it."
    if len(actual) == len(expected) + 1 and 1 in actual:
        if tuple(n for n in actual if n != 1) == tuple(n for n in expected if n != 1):
            return "An axis of length 1 is left over. Was keepdims=True meant?"
    if len(actual) + 1 == len(expected) and tuple(n for n in actual if n != 1) == tuple(
        n for n in expected if n != 1
    ):
        return "An axis of length 1 is missing. Is keepdims=True missing?"
    if expected[:1] * 2 == actual and expected in (actual[:1], (*actual[:1], 1)):
        return "Each example met each other one: was (n, 1) combined with (n,)?"
    if actual[1:] == expected[1:] and len(expected) > 1 and actual[0] < expected[0]:
        return f"Only {actual[0]} of the {expected[0]} examples of the batch came back."
    if len(actual) == len(expected):
        off = [a - e for a, e in zip(actual, expected, strict=True)]
        if all(abs(d) <= 1 for d in off):
            axes = ", ".join(str(i) for i, d in enumerate(off) if d)
            return f"Off by one on axis {axes}. Check how the size is rounded."
    if np.prod(actual, dtype=float) == np.prod(expected, dtype=float):
        return "The number of elements is right: they are only arranged otherwise."
    if actual == () and expected:
        return "One number came instead of an array: a reduction ran over every axis."
    return ""


def _permutation(actual: tuple, expected: tuple) -> tuple[int, ...]:
    left, order = list(enumerate(actual)), []
    for size in expected:
        pair = next(p for p in left if p[1] == size)
        left.remove(pair)
        order.append(pair[0])
    return tuple(order)


def _sign(actual, expected, near):
    if near(actual, -expected):
        return "Every value has the wrong sign."


def _factor(actual, expected, near):
    used = np.abs(expected) > 1e-3 * np.abs(expected).max()
    ratios = actual[used] / expected[used]
    factor = float(np.median(ratios))
    if not near(actual, factor * expected) or factor == 0:
        return None
    sizes = {
        "the batch size": expected.shape[0] if expected.ndim else 0,
        "the number of elements": expected.size,
        "the last axis's length": expected.shape[-1] if expected.ndim else 0,
    }
    for name, size in sizes.items():
        if size > 1 and np.isclose(factor, size, rtol=1e-3):
            return f"Every value is {size} times too large: {name}. Sum or mean?"
        if size > 1 and np.isclose(factor, 1 / size, rtol=1e-3):
            return f"Every value is {size} times too small: {name}. Mean or sum?"
        if size > 2 and (
            np.isclose(factor, size / (size - 1), rtol=1e-4)
            or np.isclose(factor, np.sqrt((size - 1) / size), rtol=1e-4)
        ):
            return f"Off by n/(n−1) for n = {size}: is a variance divided by n−1?"
    return f"Every value is off by the same factor, {factor:.6g}."


def _offset(actual, expected, near):
    offset = float(np.median(actual - expected))
    if near(actual, expected + offset):
        return f"Every value is off by the same amount, {offset:+.6g}."


def _flipped(actual, expected, near):
    for count in (1, 2):
        for axes in itertools.combinations(range(expected.ndim), count):
            if near(actual, np.flip(expected, axes)):
                names = " and ".join(str(axis) for axis in axes)
                return f"The values are right but reversed along axis {names}."


def _transposed(actual, expected, near):
    if expected.ndim > 5:
        return None
    for order in itertools.permutations(range(expected.ndim)):
        moved = np.transpose(expected, order)
        if (
            order != tuple(range(expected.ndim))
            and moved.shape == actual.shape
            and near(actual, moved)
        ):
            return f"The values are right but the axes are in the order {order}."


def _reordered(actual, expected, near):
    if near(np.sort(actual, axis=None), np.sort(expected, axis=None)):
        return "All the right values are there, in other places: a reshape in the wrong order?"


def _first_item_only(actual, expected, near):
    if expected.ndim < 2 or len(expected) < 2 or not near(actual[0], expected[0]):
        return None
    if all(near(item, expected[0]) for item in actual[1:]):
        return "Every example gets the first example's result."
    return "Only the first example of the batch is right."


def _shifted(actual, expected, near):
    for axis in range(expected.ndim):
        if expected.shape[axis] < 3:
            continue
        for step in (1, -1):
            moved = np.take(expected, _window(expected.shape[axis], step), axis)
            kept = np.take(actual, _window(expected.shape[axis], -step), axis)
            if near(kept, moved):
                return f"The values are shifted by one along axis {axis}."


def _window(length: int, step: int) -> range:
    return range(1, length) if step > 0 else range(length - 1)


def _borders(actual, expected, near):
    if expected.ndim != 4 or min(expected.shape[1:3]) < 3:
        return None
    if near(actual[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1]):
        return "The inside is right and the border is not: look at the padding."
    for name, inside in (
        ("last row", np.s_[:, :-1]),
        ("first row", np.s_[:, 1:]),
        ("last column", np.s_[:, :, :-1]),
        ("first column", np.s_[:, :, 1:]),
    ):
        if near(actual[inside], expected[inside]):
            return f"Only the {name} is wrong: look at the padding or the last window."


def _constant(actual, expected, near):
    if not np.any(actual):
        return "Every value is 0."
    if actual.ndim > 1 and all(near(item, actual[0]) for item in actual[1:]):
        return "Every example has the same result: does it depend on the input?"


_VALUE_RULES = (
    _sign,
    _first_item_only,
    _constant,
    _flipped,
    _transposed,
    _factor,
    _offset,
    _shifted,
    _borders,
    _reordered,
)


def picture(wrong: np.ndarray, rows: int = 8, columns: int = 24) -> Iterator[str]:
    """Lines that show where a Boolean array is True: `█` wrong, `·` right.

    Of more than two axes, the pair that holds the image (or the last two) is shown, at
    the place of the first wrong element; a large one is shrunk, wrong if any is.
    """
    if wrong.ndim == 0 or wrong.size == 0:
        return
    first = tuple(np.argwhere(wrong)[0])
    if wrong.ndim == 1:
        plane, where = wrong[None, :], "[:]"
    elif wrong.ndim == 4:
        plane = wrong[first[0], :, :, first[3]]
        where = f"[{first[0]}, :, :, {first[3]}]"
    else:
        lead = first[:-2]
        plane = wrong[lead]
        where = "[" + ", ".join([*map(str, lead), ":", ":"]) + "]"
    yield f"where they differ, at {where}:"
    for block in np.array_split(plane, min(rows, len(plane)), axis=0):
        cells = np.array_split(block, min(columns, block.shape[1]), axis=1)
        yield "  " + "".join("█" if cell.any() else "·" for cell in cells)
