"""Everything as a matrix product: reversing, selecting and mixing matrices."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class RandomFlip(keras.Layer):
    def __init__(
        self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs
    ):
        super().__init__(**kwargs)
        if mode not in {"horizontal", "vertical", "horizontal_and_vertical"}:
            raise ValueError(mode)
        if data_format not in (None, "channels_last"):
            raise ValueError(data_format)
        self.mode, self.seed = mode, seed
        self.across, self.upside = (keras.random.SeedGenerator(s) for s in self.seeds())

    def seeds(self):
        return (None, None) if self.seed is None else (self.seed, self.seed + 1)

    def call(self, inputs, training=True):
        x = ops.cast(inputs, self.compute_dtype)
        if not training:
            return x
        batch = x if len(x.shape) == 4 else x[None]
        n, height, width, _ = ops.shape(batch)
        if self.mode.endswith("vertical"):
            matrices = self.mirrors(self.upside, n, height, x.dtype)
            batch = ops.einsum("bij,bjwc->biwc", matrices, batch)
        if self.mode.startswith("horizontal"):
            matrices = self.mirrors(self.across, n, width, x.dtype)
            batch = ops.einsum("bij,bhjc->bhic", matrices, batch)
        return batch if len(x.shape) == 4 else batch[0]

    def mirrors(self, generator, n, size, dtype):
        heads = keras.random.uniform((n, 1, 1), seed=generator) >= 0.5
        eye = np.eye(size)
        same, turned = (
            ops.convert_to_tensor(m.copy(), dtype) for m in (eye, eye[::-1])
        )
        return ops.where(heads, turned, same)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "mode": self.mode, "seed": self.seed}


@keras.saving.register_keras_serializable(package="layerwise")
class RandomCrop(keras.Layer):
    def __init__(self, height, width, seed=None, data_format=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        if data_format not in (None, "channels_last"):
            raise ValueError(data_format)
        self.height, self.width, self.seed = height, width, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=True):
        x = ops.cast(inputs, self.compute_dtype)
        high, wide = x.shape[-3] - self.height, x.shape[-2] - self.width
        if min(high, wide) < 0:
            raise ValueError("the window is larger than the image")
        place = [high // 2, wide // 2]
        if training:
            drawn = keras.random.uniform((2,), seed=self.generator)
            free = np.array([high + 1, wide + 1], "float32")
            place = ops.minimum(
                ops.cast(drawn * free, "int32"), np.array([high, wide], "int32")
            )
        rows = self.selector(place[0], self.height, x.shape[-3], x.dtype)
        columns = self.selector(place[1], self.width, x.shape[-2], x.dtype)
        return ops.einsum("ih,...hwc,jw->...ijc", rows, x, columns)

    def selector(self, start, window, size, dtype):
        wanted = ops.arange(window, dtype="int32")[:, None] + start
        return ops.cast(wanted == ops.arange(size, dtype="int32"), dtype)

    def compute_output_shape(self, input_shape):
        *front, _, _, channels = input_shape
        return (*front, self.height, self.width, channels)

    def get_config(self):
        mine = {"height": self.height, "width": self.width, "seed": self.seed}
        return {**super().get_config(), **mine}


@keras.saving.register_keras_serializable(package="layerwise")
class MixUp(keras.Layer):
    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        if alpha <= 0 or data_format not in (None, "channels_last"):
            raise ValueError("alpha or data_format")
        self.alpha, self.seed = alpha, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=True):
        alone = not isinstance(inputs, dict)
        parts = {"images": inputs} if alone else dict(inputs)
        labels = parts.get("labels")
        if labels is not None and len(labels.shape) < 2:
            raise ValueError("one-hot labels")
        parts = {name: ops.cast(x, self.compute_dtype) for name, x in parts.items()}
        if training:
            n = ops.shape(parts["images"])[0]
            first = keras.random.gamma((n,), self.alpha, seed=self.generator) + 1e-30
            second = keras.random.gamma((n,), self.alpha, seed=self.generator) + 1e-30
            share = (first / (first + second))[:, None]
            numbers = ops.arange(n)
            order = keras.random.shuffle(numbers, seed=self.generator)
            own = ops.cast(numbers[:, None] == numbers, "float32")
            other = ops.cast(order[:, None] == numbers, "float32")
            matrix = ops.cast(share * own + (1 - share) * other, self.compute_dtype)
            parts = {
                k: ops.einsum("ij,j...->i...", matrix, x) for k, x in parts.items()
            }
        return parts["images"] if alone else parts

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha, "seed": self.seed}
