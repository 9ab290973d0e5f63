"""More examples than there are: flips, crops and mixtures, drawn anew at every step."""

import keras
from keras import ops

from course.shapes import refuse_channels_first


@keras.saving.register_keras_serializable(package="layerwise")
class RandomFlip(keras.Layer):
    """Mirrors images, each one or not, while training; lets all pass afterwards.

    Each image is mirrored left to right with probability ½, and upside down with
    probability ½, as `mode` allows: two coins for each image, independent of each other
    and of those of all other images and calls. (Keras 3.15 tosses one coin for both
    directions and so only turns images by 180 degrees.)

    Args:
        mode: `horizontal` (left to right), `vertical`, or `horizontal_and_vertical`.
        seed: An integer makes the sequence of flips the same for every layer that has
            it; None starts each layer somewhere else.
        data_format: `channels_last`, the course's only one; None means it.
        **kwargs: What every Keras layer takes.

    Input shape: `(B, H, W, C)`, or one image `(H, W, C)`; the result has its shape, and
    the layer's own dtype. Called by hand the layer assumes that training is on.

    Raises:
        ValueError: For a mode or data format that is none of these.
    """

    def __init__(
        self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs
    ):
        super().__init__(**kwargs)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ValueError(f"mode {mode!r} is none of horizontal, vertical and both.")
        refuse_channels_first(data_format)
        self.mode, self.seed = mode, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=True):
        images = ops.cast(inputs, self.compute_dtype)
        if not training:
            return images
        ### BEGIN SOLUTION for each direction of `mode`: coins, and ops.where between two images
        if "vertical" in self.mode:
            images = ops.where(self.coins(images), ops.flip(images, axis=-3), images)
        if "horizontal" in self.mode:
            images = ops.where(self.coins(images), ops.flip(images, axis=-2), images)
        return images
        ### END SOLUTION

    def coins(self, images):
        """True or False for each image, to stand beside (B, H, W, C): (B, 1, 1, 1)."""
        ### BEGIN SOLUTION a number between 0 and 1 from self.generator for each image
        shape = (1, 1, 1)
        if len(images.shape) == 4:
            shape = (ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(shape, seed=self.generator) < 0.5
        ### END SOLUTION

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "mode": self.mode,
            "seed": self.seed,
            "data_format": "channels_last",
        }


@keras.saving.register_keras_serializable(package="layerwise")
class RandomCrop(keras.Layer):
    """Cuts a window out of the images: anywhere while training, in the middle later.

    In training the window's upper left corner is drawn for each call, every place at
    which the window fits with the same probability, and all images of the batch are
    cut at that place. Otherwise ⌊(H − height) / 2⌋ rows and ⌊(W − width) / 2⌋ columns
    are left out before it. (Keras 3.15 promises the window's size there and hands the
    whole images on.)

    Args:
        height: Of the window.
        width: Of the window.
        seed: As for `RandomFlip`.
        data_format: `channels_last`, the course's only one; None means it.
        name: A name.
        **kwargs: What every Keras layer takes.

    Input shape: `(B, H, W, C)`, or one image `(H, W, C)`; H and W are known.
    Output shape: `(B, height, width, C)`, of the layer's own dtype. Called by hand the
    layer assumes that training is on.

    Raises:
        ValueError: For another data format; and when called with images smaller than
            the window.
    """

    def __init__(self, height, width, seed=None, data_format=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        refuse_channels_first(data_format)
        self.height, self.width, self.seed = height, width, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=True):
        images = ops.cast(inputs, self.compute_dtype)
        rows, columns = self.room(images.shape)
        ### BEGIN SOLUTION the corner, drawn or in the middle; then ops.slice
        top, left = rows // 2, columns // 2
        if training:
            top, left = self.draw_below(rows + 1), self.draw_below(columns + 1)
        sizes = list(ops.shape(images))
        start = [0] * (len(sizes) - 3) + [top, left, 0]
        sizes[-3:-1] = self.height, self.width
        return ops.slice(images, start, sizes)
        ### END SOLUTION

    def draw_below(self, count):
        """One of the integers 0, 1, …, count − 1: a scalar tensor."""
        ### BEGIN SOLUTION keras.random.randint, with self.generator
        return keras.random.randint((), 0, count, seed=self.generator)
        ### END SOLUTION

    def room(self, shape):
        """How many rows and columns are left out."""
        height, width = shape[-3:-1]
        if height is None or width is None:
            raise ValueError(f"RandomCrop has to know the images' size; got {shape}.")
        if height < self.height or width < self.width:
            raise ValueError(
                f"A window of {self.height} × {self.width} does not fit into images of "
                f"{height} × {width}."
            )
        return height - self.height, width - self.width

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def get_config(self):
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "seed": self.seed,
            "data_format": "channels_last",
        }


@keras.saving.register_keras_serializable(package="layerwise")
class MixUp(keras.Layer):
    """Blends each example with another one of its batch, while training.

    For each example i a partner π(i) and a weight λ are drawn in every call: π is a
    permutation of the batch, and λ comes from the Beta distribution with both
    parameters alpha. Image x and label y, a row of probabilities, become

        λ_i · x_i + (1 − λ_i) · x_π(i)
        λ_i · y_i + (1 − λ_i) · y_π(i)

    with the same λ and π. A small alpha draws λ near 0 or 1: hardly a mixture.

    Args:
        alpha: Above 0; 1 makes every λ equally likely.
        data_format: `channels_last`, the course's only one; None means it.
        seed: As for `RandomFlip`.
        **kwargs: What every Keras layer takes.

    Input: a dict with `images` (B, H, W, C) and `labels` (B, K); or images alone.
    Output: the same, of the layer's own dtype. Called by hand the layer assumes that
    training is on.

    Raises:
        ValueError: If alpha is not above 0, and when called with labels that are
            numbers of classes: a mixture of two classes is no number.

    Reference: https://arxiv.org/abs/1710.09412, section 2.
    """

    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        if alpha <= 0:
            raise ValueError(f"alpha must be above 0; got {alpha!r}.")
        refuse_channels_first(data_format)
        self.alpha, self.seed = alpha, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=True):
        parts = inputs if isinstance(inputs, dict) else {"images": inputs}
        if "labels" in parts and len(parts["labels"].shape) != 2:
            raise ValueError(
                "MixUp needs labels as rows of probabilities, (B, K); got shape "
                f"{tuple(parts['labels'].shape)}."
            )
        parts = {k: ops.cast(part, self.compute_dtype) for k, part in parts.items()}
        if training:
            ### BEGIN SOLUTION draw partners and weights once, mix every part with them
            batch = ops.shape(parts["images"])[0]
            partners = keras.random.shuffle(ops.arange(batch), seed=self.generator)
            weights = keras.random.beta(
                (batch,), self.alpha, self.alpha, seed=self.generator
            )
            parts = {k: self.mix(part, partners, weights) for k, part in parts.items()}
            ### END SOLUTION
        return parts if isinstance(inputs, dict) else parts["images"]

    def mix(self, part, partners, weights):
        """λ · part + (1 − λ) · its partners; `partners` and `weights` are (B,)."""
        ### BEGIN SOLUTION λ with as many axes as the part; partners by ops.take
        shape = (-1,) + (1,) * (len(part.shape) - 1)
        weights = ops.cast(ops.reshape(weights, shape), part.dtype)
        return weights * part + (1 - weights) * ops.take(part, partners, axis=0)
        ### END SOLUTION

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "seed": self.seed,
            "data_format": "channels_last",
        }
