"""CIFAR-10: 60,000 small photographs of ten things (Krizhevsky, 2009)."""

from course.data import Data, cifar

LAYOUT = cifar.Layout(
    archive=(
        "cifar-10-binary.tar.gz",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
    members=(
        tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
        ("test_batch.bin",),
    ),
    class_names="batches.meta.txt",
    label_bytes=1,
    label=0,
    excerpt_labels="labels",
    excerpt_names="classes",
)


def load_cifar10() -> Data:
    """Returns CIFAR-10: 50,000 photographs to train on and 10,000 to test.

    Where `LAYERWISE_DATA` holds an excerpt instead of the publisher's archive
    (`cifar10/train_part1_images.npy.xz`, its hash in `MANIFEST.json`), that is returned.

    Output shape: images `(B, 32, 32, 3)` in [0, 1], red, green, blue, float32;
    10 classes.

    Raises:
        DataProblem: If a file can't be had, or is not as published.

    Reference: https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    return cifar.load("cifar10", LAYOUT)


def is_here() -> bool:
    """Whether the archive or an excerpt is."""
    return cifar.is_here("cifar10", LAYOUT)


def is_excerpt() -> bool:
    """Whether `LAYERWISE_DATA` holds an excerpt and not the archive."""
    return cifar.is_excerpt("cifar10", LAYOUT)
