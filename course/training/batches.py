"""Batches of examples in an order that only seed and epoch decide."""

import keras
import numpy as np
from numpy.typing import NDArray


class Batches(keras.utils.PyDataset):
    """Shuffled batches; images can be moved by up to `shift` pixels each way.

    What an epoch brings depends on its number alone, not on those before: a training
    that is resumed sees what it would have seen.

    Args:
        x: Examples; images `(B, H, W, C)` if they are to be moved.
        y: Their labels.
        batch_size: How many at once; the last batch takes the rest.
        shift: How far. What comes in at a border is the border's own value.
        seed: Another seed, another order.
        epoch: The first epoch's number.
    """

    def __init__(
        self,
        x: NDArray[np.float32],
        y: NDArray[np.int64],
        batch_size: int,
        shift: int = 0,
        seed: int = 0,
        epoch: int = 0,
    ):
        super().__init__()
        self.x, self.y, self.batch_size, self.shift = x, y, batch_size, shift
        self.seed, self.epoch = seed, epoch - 1
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray, NDArray]:
        start = index * self.batch_size
        chosen = self.order[start : start + self.batch_size]
        return self._moved(self.x[chosen], index), self.y[chosen]

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self.order = np.random.default_rng([self.seed, self.epoch]).permutation(
            len(self.x)
        )

    def _moved(self, images: NDArray[np.float32], index: int) -> NDArray[np.float32]:
        if not self.shift:
            return images
        rng = np.random.default_rng([self.seed, self.epoch, index])
        s, (height, width) = self.shift, images.shape[1:3]
        wide = np.pad(images, ((0, 0), (s, s), (s, s), (0, 0)), mode="edge")
        corners = rng.integers(2 * s + 1, size=(len(images), 2))
        moved = [
            image[top : top + height, left : left + width]
            for image, (top, left) in zip(wide, corners, strict=True)
        ]
        return np.stack(moved)
