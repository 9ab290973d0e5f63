"""Digits: small scans of handwritten numerals, a MNIST that needs no network."""

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

from course.data import Data

# For each size: how many pixels a pixel becomes, and the empty border around.
_SCALE_AND_BORDER = {8: (1, 0), 28: (3, 2), 32: (3, 4)}


def load_digits(size: int = 8) -> Data:
    """Returns 1,797 digits: 1,437 to train on and 360 to test, classes balanced.

    At sizes 28 and 32 each pixel becomes 3×3 pixels and a border of zeros is
    added, so that the digit sits in the middle as it does in MNIST (28) and in
    the input of LeNet-5 (32), whose authors wanted room around every stroke.
    No pixel is interpolated: all three sizes hold the same numbers.

    Args:
        size: Height and width of the images: 8, 28 or 32.

    Output shape: images `(B, size, size, 1)` in [0, 1], float32; 10 classes.

    Raises:
        ValueError: If the size is another one.

    Reference: scikit-learn's `load_digits`, the test part of
    https://archive.ics.uci.edu/dataset/80. For the border: LeCun et al.,
    "Gradient-based learning applied to document recognition", 1998, section II.B.
    """
    if size not in _SCALE_AND_BORDER:
        raise ValueError(f"Digits come in sizes 8, 28 and 32; got size={size!r}.")
    scale, border = _SCALE_AND_BORDER[size]
    table = datasets.load_digits()
    images = (table.images / 16).astype("float32")  # (B, 8, 8), 17 shades of grey
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    images = np.pad(images, ((0, 0), (border, border), (border, border)))
    labels = table.target.astype("int64")
    x_train, x_test, y_train, y_test = train_test_split(
        images[..., np.newaxis], labels, test_size=0.2, stratify=labels, random_state=0
    )
    class_names = tuple(str(name) for name in table.target_names)
    return Data(x_train, y_train, x_test, y_test, class_names)
