"""CIFAR-100: 60,000 small photographs of a hundred things (Krizhevsky, 2009)."""

from course.data import Data, cifar

FINE = cifar.Layout(
    archive=(
        "cifar-100-binary.tar.gz",
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    ),
    members=(("train.bin",), ("test.bin",)),
    class_names="fine_label_names.txt",
    label_bytes=2,
    label=1,
    excerpt_labels="fine_labels",
    excerpt_names="fine_classes",
)
COARSE = FINE._replace(
    class_names="coarse_label_names.txt",
    label=0,
    excerpt_labels="coarse_labels",
    excerpt_names="coarse_classes",
)


def load_cifar100(coarse: bool = False) -> Data:
    """Returns CIFAR-100: 50,000 photographs to train on and 10,000 to test.

    Where `LAYERWISE_DATA` holds an excerpt instead of the publisher's archive
    (`cifar100/train_part1_images.npy.xz`, its hash in `MANIFEST.json`), that is returned.

    Ten photographs are in both sets, some of them with two labels: they were published
    so, and every result that was ever compared has them.

    Args:
        coarse: The 20 groups (fish, flowers, …) as classes instead of the 100 things.

    Output shape: images `(B, 32, 32, 3)` in [0, 1], red, green, blue, float32;
    100 or 20 classes.

    Raises:
        DataProblem: If a file can't be had, or is not as published.

    Reference: https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    return cifar.load("cifar100", COARSE if coarse else FINE)


def is_here() -> bool:
    """Whether the archive or an excerpt is."""
    return cifar.is_here("cifar100", FINE)


def is_excerpt() -> bool:
    """Whether `LAYERWISE_DATA` holds an excerpt and not the archive."""
    return cifar.is_excerpt("cifar100", FINE)
