"""Flips by mixing with 0 and 1; windows by taking rows and columns; partners by sorting."""

import keras
from keras import ops


class Augmentation(keras.layers.Layer):
    def __init__(self, seed=None, data_format=None, **kwargs):
        super().__init__(**kwargs)
        if data_format is not None and data_format != "channels_last":
            raise ValueError("channels_last only")
        self.seed = seed
        self.dice = keras.random.SeedGenerator(seed)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="layerwise")
class RandomFlip(Augmentation):
    def __init__(
        self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs
    ):
        super().__init__(seed, data_format, **kwargs)
        self.axes = {
            "horizontal": [2],
            "vertical": [1],
            "horizontal_and_vertical": [2, 1],
        }.get(mode)
        if self.axes is None:
            raise ValueError(mode)
        self.mode = mode

    def call(self, inputs, training=True):
        x = ops.cast(inputs, self.compute_dtype)
        if not training:
            return x
        single = len(x.shape) == 3
        x = ops.expand_dims(x, 0) if single else x
        for axis in self.axes:
            heads = keras.random.randint((ops.shape(x)[0],), 0, 2, seed=self.dice)
            heads = ops.cast(ops.reshape(heads, (-1, 1, 1, 1)), x.dtype)
            x = heads * ops.flip(x, axis) + (1 - heads) * x
        return x[0] if single else x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable(package="layerwise")
class RandomCrop(Augmentation):
    def __init__(self, height, width, seed=None, data_format=None, name=None, **kwargs):
        super().__init__(seed, data_format, name=name, **kwargs)
        self.size = (height, width)

    def call(self, inputs, training=True):
        x = ops.cast(inputs, self.compute_dtype)
        for axis, window in zip((-3, -2), self.size, strict=True):
            room = x.shape[axis] - window
            if room < 0:
                raise ValueError("too small")
            start = room // 2
            if training and room:
                start = keras.random.randint(
                    (), 0, room + 1, dtype="int32", seed=self.dice
                )
            x = ops.take(x, start + ops.arange(window, dtype="int32"), axis=axis)
        return x

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], *self.size, input_shape[-1])

    def get_config(self):
        height, width = self.size
        return {**super().get_config(), "height": height, "width": width}


@keras.saving.register_keras_serializable(package="layerwise")
class MixUp(Augmentation):
    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(seed, data_format, **kwargs)
        if not alpha > 0:
            raise ValueError("alpha")
        self.alpha = alpha

    def call(self, inputs, training=True):
        if not isinstance(inputs, dict):
            return self.call({"images": inputs}, training)["images"]
        if (
            len(inputs["images"].shape)
            - len(inputs.get("labels", inputs["images"]).shape)
            == 3
        ):
            raise ValueError("labels as rows, please")
        found = {name: ops.cast(x, self.compute_dtype) for name, x in inputs.items()}
        if not training:
            return found
        count = ops.shape(found["images"])[0]
        order = ops.argsort(keras.random.uniform((count,), seed=self.dice))
        keep = keras.random.beta((count,), self.alpha, self.alpha, seed=self.dice)
        for name, x in found.items():
            other = ops.take(x, order, axis=0)
            share = ops.cast(keep, x.dtype)
            while len(share.shape) < len(x.shape):
                share = ops.expand_dims(share, -1)
            found[name] = other + share * (x - other)
        return found

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}
