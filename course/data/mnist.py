"""MNIST: 70,000 handwritten digits (LeCun, Cortes & Burges, 1998)."""

import gzip
import math

import numpy as np
from numpy.typing import NDArray

from course.data import Data, published

URL = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/"  # the publisher's asks for a login
)
# Each file and its sha256, in the order of `Data`.
FILES = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_UNSIGNED_BYTES = 8  # the only type of IDX that MNIST uses


def load_mnist(size: int = 28) -> Data:
    """Returns MNIST: 60,000 digits to train on and 10,000 to test.

    At size 32 there is a border of two zeros, for LeNet-5.

    Args:
        size: Height and width of the images: 28 or 32.

    Output shape: images `(B, size, size, 1)` in [0, 1], float32; 10 classes.

    Raises:
        ValueError: If the size is another one.
        DataProblem: If a file can't be had, or is not as published.

    Reference: http://yann.lecun.com/exdb/mnist/. Its authors pad to 32×32 in
    "Gradient-based learning applied to document recognition", 1998, section II.B.
    """
    if size not in (28, 32):
        raise ValueError(f"MNIST comes in sizes 28 and 32; got size={size!r}.")
    x_train, y_train, x_test, y_test = (
        parse_idx(gzip.decompress(published.read("mnist", name, URL + name, sha256)))
        for name, sha256 in FILES.items()
    )
    return Data(
        _images(x_train, (size - 28) // 2),
        y_train.astype("int64"),
        _images(x_test, (size - 28) // 2),
        y_test.astype("int64"),
        tuple("0123456789"),
    )


def is_here() -> bool:
    """Whether all four files are."""
    return all(published.is_here("mnist", name, FILES[name]) for name in FILES)


def is_excerpt() -> bool:
    """Never: MNIST comes whole."""
    return False


def parse_idx(content: bytes) -> NDArray[np.uint8]:
    """The array in an IDX file.

    Two zeros, the type (8: unsigned bytes), the number of axes, each axis's length in
    four bytes, the most significant first; then the values, the last axis fastest.

    Raises:
        DataProblem: If these bytes are no IDX file, or more or fewer than it announces.
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, _UNSIGNED_BYTES]):
        raise published.DataProblem(
            f"An IDX file of bytes begins with 00 00 08; this one with {content[:4].hex(' ')}."
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise published.DataProblem(f"This IDX file ends after {len(content)} bytes.")
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    wanted = start + math.prod(shape)
    if len(content) != wanted:
        raise published.DataProblem(
            f"An IDX file of shape {shape} has {wanted:,} bytes; this one has "
            f"{len(content):,}."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _images(pixels: NDArray[np.uint8], border: int) -> NDArray[np.float32]:
    padded = np.pad(pixels, ((0, 0), (border, border), (border, border)))
    return (padded[..., np.newaxis] / np.float32(255)).astype("float32", copy=False)
