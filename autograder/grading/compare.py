"""`close`: compares what came with what was expected, and explains a difference."""

from typing import Any

import numpy as np

from autograder.grading.explain import explain_shape, explain_values, picture
from autograder.grading.outcome import CheckFailed
from autograder.grading.student import RemoteObject

# Largest difference as a fraction of the largest magnitude, by the precision that the
# submission computed in.
TOLERANCE = {"float16": 1e-2, "bfloat16": 5e-2, "float32": 1e-4, "float64": 1e-6}


def close(
    actual: Any,
    expected: Any,
    what: str = "the result",
    *,
    category: str = "wrong_values",
    reference: Any = None,
    tolerance: float | None = None,
) -> None:
    """Asks for the same shape, dtype, finiteness and values, in this order.

    Args:
        actual: What the submission returned.
        expected: The oracle's answer: an array, or anything that becomes one. A
            float64 oracle may stand against a float32 answer.
        what: What the value is, for the message.
        category: The category when the values differ (`wrong_gradient`, say).
        reference: The same answer computed in float64: the tolerance then follows
            from the oracle's own rounding error.
        tolerance: Overrides the default, as a fraction of the largest magnitude.

    Raises:
        CheckFailed: With a message, a picture and, if one fits, an explanation.
    """
    expected = _array(expected)
    actual = _as_answer(actual, what)
    if actual.shape != expected.shape:
        raise CheckFailed(
            "wrong_shape",
            f"{what} has shape {actual.shape}; expected {expected.shape}.",
            explanation=explain_shape(actual.shape, expected.shape),
            evidence=actual,
        )
    _same_kind(actual, expected, what)
    if actual.size == 0:
        return
    wide_actual, wide_expected = _wide(actual), _wide(expected)
    _finite(actual, wide_actual, wide_expected, what)
    limit = _limit(actual, wide_expected, reference, tolerance)

    def near(a: np.ndarray, b: np.ndarray) -> bool:
        return bool(np.all(_distance(a, b) <= limit))

    if near(wide_actual, wide_expected):
        return
    raise CheckFailed(
        category,
        _message(actual, wide_actual, wide_expected, limit, what),
        detail="\n".join(picture(_distance(wide_actual, wide_expected) > limit)),
        explanation=explain_values(wide_actual, wide_expected, near),
        evidence=actual,
    )


def equal(
    actual: Any,
    expected: Any,
    what: str = "the result",
    *,
    category: str = "wrong_values",
) -> None:
    """Asks for an equal plain value: a number, string, shape, list or dict."""
    if isinstance(actual, RemoteObject):
        actual = repr(actual)
    if isinstance(actual, (np.ndarray, np.generic)) and np.ndim(actual) == 0:
        actual = actual.item()
    if type(expected) is tuple and isinstance(actual, list):
        actual = tuple(actual)
    if isinstance(actual, np.ndarray) or actual != expected:
        raise CheckFailed(
            category, f"{what} is {_short(actual)}; expected {_short(expected)}."
        )


def _array(value: Any) -> np.ndarray:
    if isinstance(value, (np.ndarray, np.generic, bool, int, float, list, tuple)):
        return np.asarray(value)
    import keras

    return keras.ops.convert_to_numpy(value)


def _as_answer(value: Any, what: str) -> np.ndarray:
    if isinstance(value, (np.ndarray, bool, int, float, list, tuple)):
        try:
            array = np.asarray(value)
        except (ValueError, OverflowError):  # ragged, or an int beyond 64 bits
            array = np.asarray(None)
        if array.dtype.kind in "biufc" or array.dtype.name == "bfloat16":
            return array
    came = "None" if value is None else _short(value)
    raise CheckFailed(
        "wrong_values",
        f"{what} should be an array; {came} came back.",
        explanation="A return statement may be missing." if value is None else "",
    )


def _same_kind(actual: np.ndarray, expected: np.ndarray, what: str) -> None:
    a, e = actual.dtype, expected.dtype
    if a == e or (_is_float(a) and e == np.float64 and a.itemsize >= 4):
        return
    if _is_float(a) and _is_float(e) and e.itemsize >= 4 and a.itemsize >= 4:
        explanation = "Something in between is float64: NumPy's default?"
    elif _is_float(e) and not _is_float(a):
        explanation = "Something in between became integer or Boolean."
    elif a.kind in "iu" and e.kind in "iu":
        return
    else:
        explanation = ""
    raise CheckFailed(
        "wrong_dtype",
        f"{what} has dtype {a}; expected {e}.",
        explanation=explanation,
        evidence=actual,
    )


def _is_float(dtype: np.dtype) -> bool:
    return dtype.kind == "f" or dtype.name == "bfloat16"


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _finite(actual, wide_actual, wide_expected, what: str) -> None:
    strange = ~np.isfinite(wide_actual) & np.isfinite(wide_expected)
    if strange.any():
        kinds = "NaN" if np.isnan(wide_actual[strange]).any() else "infinity"
        raise CheckFailed(
            "not_finite",
            f"{what} has {kinds} in {strange.sum()} of {strange.size} places, first "
            f"at {_place(strange)}.",
            detail="\n".join(picture(strange)),
            explanation="Look for log(0), a division by 0 or exp of a large number.",
            evidence=actual,
        )


def _limit(actual, wide_expected, reference, tolerance) -> float:
    finite = np.abs(wide_expected[np.isfinite(wide_expected)])
    scale = float(finite.max()) if finite.size else 0.0
    if actual.dtype.kind in "iub":
        return 0.0
    if tolerance is not None:
        return tolerance * scale
    if reference is not None:
        error = float(np.max(_distance(wide_expected, _wide(_array(reference)))))
        return 16 * error + 64 * float(np.finfo(np.float32).eps) * scale
    name = actual.dtype.name if _is_float(actual.dtype) else "float64"
    return TOLERANCE[name] * scale


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a − b|, with equal infinities and NaN at the same places counted as equal."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))


def _message(actual, wide_actual, wide_expected, limit, what) -> str:
    gap = _distance(wide_actual, wide_expected)
    worst = np.unravel_index(np.argmax(gap), gap.shape)
    share = f"{(gap > limit).sum()} of {gap.size} values differ"
    place = f" at [{', '.join(map(str, worst))}]" if worst else ""
    return (
        f"{what}: {share}; worst{place}: got {actual[worst]:.6g}, "
        f"expected {wide_expected[worst]:.6g}."
    )


def _place(mask: np.ndarray) -> str:
    return "[" + ", ".join(map(str, np.argwhere(mask)[0])) + "]"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "…"


def raises(error: type[Exception], function: Any, *args: Any, **kwargs: Any) -> str:
    """Asks that a call raises `error`, or an error derived from it; gives its text.

    Call the submission with good arguments first: otherwise a stub, which raises
    NotImplementedError, could not be told from a solution.
    """
    try:
        function(*args, **kwargs)
    except CheckFailed as failure:
        known = failure.category in ("raised", "wrong_signature")
        if known and error.__name__ in failure.errors:
            return str(failure.evidence).partition(": ")[2]
        raise
    raise CheckFailed(
        "wrong_values",
        f"{error.__name__} should be raised for this input; nothing was.",
    )
