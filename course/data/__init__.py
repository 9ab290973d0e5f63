"""Data sets by name, all in one shape: `load("iris").x_train`.

One loader a file, imported when it is asked for, so that this package costs
nothing until then. The same call returns the same arrays every time. `EMBEDDED`
needs no network; `PUBLISHED` comes from the folder `LAYERWISE_DATA`, from Keras's
cache or, once, from the network, and is refused if it is not as published.
"""

import difflib
import importlib
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Each name is a module here, with a function load_<name>; those that are published also
# with is_here and is_excerpt.
EMBEDDED = ("digits", "iris", "swiss_roll", "xor")
PUBLISHED = ("cifar10", "cifar100", "mnist")


class Data(NamedTuple):
    """A data set for classification, split into a training and a test set.

    Attributes:
        x_train: Images `(B, H, W, C)` in [0, 1] or features `(B, F)`, float32.
        y_train: Labels `(B,)`, int64: indices into `class_names`.
        x_test: Examples held out from training, shaped like those of `x_train`.
        y_test: Their labels.
        class_names: What each label stands for, in the labels' order.
    """

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    class_names: tuple[str, ...]


def names() -> tuple[str, ...]:
    """The names that `load` knows, in alphabetical order."""
    return tuple(sorted(EMBEDDED + PUBLISHED))


def load(name: str, **options: float) -> Data:
    """Returns the data set called `name`.

    Args:
        name: One of `names()`.
        options: What the loader takes: `load("digits", size=28)` calls
            `course.data.digits.load_digits(size=28)`.

    Raises:
        ValueError: If there is no such data set, or an option is out of range.
        TypeError: If the loader has no such option.
        DataProblem: If a published data set can't be had, or is not as published.
    """
    if name not in names():
        nearest = difflib.get_close_matches(name.lower(), names())
        question = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
        raise ValueError(
            f"There is no data set called {name!r}.{question}"
            f" These are here: {', '.join(names())}."
        )
    data: Data = getattr(_module(name), f"load_{name}")(**options)
    return data


def is_here(name: str) -> bool:
    """Whether `load(name)` needs no network."""
    return name in EMBEDDED or bool(_module(name).is_here())


def is_excerpt(name: str) -> bool:
    """Whether `load(name)` gives a part of the published data set, not all of it."""
    return name in PUBLISHED and bool(_module(name).is_excerpt())


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"course.data.{name}")
