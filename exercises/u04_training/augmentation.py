"""More examples than there are: flips, crops and mixtures, drawn anew at every step."""

import keras
from keras import ops

from course.bounding_boxes import into, joined, largest, mirrored, moved
from course.image_layer import ImageLayer


@keras.saving.register_keras_serializable(package="layerwise")
class RandomFlip(ImageLayer):
    """Mirrors images, each one or not, while training; lets all pass afterwards.

    Each image is mirrored left to right with probability ½, and upside down with
    probability ½, as `mode` allows: two coins for each image, independent of each other
    and of those of all other images and calls. (Keras 3.15 tosses one coin for both
    directions and so only turns images by 180 degrees.) Masks and bounding boxes are
    mirrored by the coins of their images.

    Args:
        mode: `horizontal` (left to right), `vertical`, or `horizontal_and_vertical`.
        seed: An integer makes the sequence of flips the same for every layer that has
            it; None starts each layer somewhere else.
        data_format: `channels_last`, or `channels_first` for images (B, C, H, W). None
            means Keras's own setting, and is refused if that is `channels_first`.
        **kwargs: `bounding_box_format`, and what every Keras layer takes.

    Input: images `(B, H, W, C)`, or one image `(H, W, C)`, or a dict of images and what
    comes with them (`course.image_layer`). Output: the same, of the same shapes; images
    and masks in the layer's own dtype. Called by hand the layer assumes that training
    is on.

    Raises:
        ValueError: For a mode or data format that is none of these.
    """

    def __init__(
        self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs
    ):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ValueError(f"mode {mode!r} is none of horizontal, vertical and both.")
        self.mode = mode

    def draw(self, images, training, seed):
        if not training:
            return None
        flips = [self.coins(images, seed) for _ in ("upside down", "left to right")]
        return {"flips": ops.concatenate(flips, axis=-1)}

    def coins(self, images, seed):
        """True or False for each of the images (B, H, W, C): (B, 1, 1, 1)."""
        raise NotImplementedError(
            "A number between 0 and 1 for each image, drawn from `seed`."
        )

    def change(self, images, drawn):
        """Images (B, H, W, C), mirrored by their coins."""
        upside_down, left_to_right = drawn["flips"][..., :1], drawn["flips"][..., -1:]
        raise NotImplementedError(
            "For each direction of `mode`: ops.where between two images."
        )

    def change_boxes(self, boxes, drawn):
        size = height, width = self.size(drawn["input_shape"])
        flips = ops.squeeze(drawn["flips"], axis=-2)  # (B, 1, 2), for (B, N, 1)

        def move(left, top, right, bottom):
            if "vertical" in self.mode:
                top, bottom = mirrored(flips[..., :1], top, bottom, height)
            if "horizontal" in self.mode:
                left, right = mirrored(flips[..., -1:], left, right, width)
            return left, top, right, bottom

        return moved(boxes, move, self.bounding_box_format, size, size)

    def get_config(self):
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable(package="layerwise")
class RandomCrop(ImageLayer):
    """Cuts a window out of the images: anywhere while training, in the middle later.

    In training the window's upper left corner is drawn for each call, every place at
    which the window fits with the same probability, and all images of the batch are
    cut at that place. Otherwise ⌊(H − height) / 2⌋ rows and ⌊(W − width) / 2⌋ columns
    are left out before it. (Keras 3.15 promises the window's size there and hands the
    whole images on.) Masks and bounding boxes are cut at the same place; of a box that
    lies outside the window an area of 0 is left, and −1 for its label. (Keras 3.15 moves
    boxes sideways by the rows that are left out, and keeps what is beyond the window.)

    If the window is higher or wider than the images, the largest part of its shape in
    their middle is resized to it: bilinearly, masks to the nearest pixel.

    Args:
        height: Of the window.
        width: Of the window.
        seed: As for `RandomFlip`.
        data_format: As for `RandomFlip`.
        name: A name.
        **kwargs: `bounding_box_format`, and what every Keras layer takes.

    Input: as for `RandomFlip`; H and W are known.
    Output: the same with images and masks `(B, height, width, C)`, in the layer's own
    dtype. Called by hand the layer assumes that training is on.

    Raises:
        ValueError: For another data format; and when called without knowing H and W.
    """

    def __init__(self, height, width, seed=None, data_format=None, name=None, **kwargs):
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self.height, self.width = height, width

    def draw(self, images, training, seed):
        height, width = images.shape[1:3]
        if height is None or width is None:
            raise ValueError(f"{self.name} has to know H and W; got {images.shape}.")
        room = (0, 0)
        if self.fits(height, width):
            room = height - self.height, width - self.width
        return {"corner": self.corner(*room, training, seed)}

    def corner(self, rows, columns, training, seed):
        """How many rows and columns are left out before the window: two integers.

        `rows` and `columns` are left out before and after it, 0 or more. They are shared
        out by chance, drawn from `seed`, in training, and otherwise evenly.
        """
        raise NotImplementedError(
            "For each direction: keras.random.randint, or the middle."
        )

    def change(self, images, drawn):
        """The window of the images (B, H, W, C) that begins at the corner drawn."""
        top, left = drawn["corner"]
        raise NotImplementedError(
            "Where to begin and how much to take, for each axis; ops.slice."
        )

    def fits(self, height, width):
        """Whether the window fits into images of this size."""
        return self.height <= height and self.width <= width

    def transform_images(
        self, images, transformation, training=True, interpolation="bilinear"
    ):
        images = ops.cast(images, self.compute_dtype)
        if training and not self.fits(*self.size(images.shape)):
            images = ops.image.resize(
                images,
                (self.height, self.width),
                interpolation=interpolation,
                crop_to_aspect_ratio=True,
                data_format=self.data_format,
            )
        return super().transform_images(images, transformation, training)

    def transform_segmentation_masks(
        self, segmentation_masks, transformation, training=True
    ):
        return self.transform_images(
            segmentation_masks, transformation, training, "nearest"
        )

    def change_boxes(self, boxes, drawn):
        size, window = self.size(drawn["input_shape"]), (self.height, self.width)
        part = (
            (*drawn["corner"], *window) if self.fits(*size) else largest(window, size)
        )
        return moved(boxes, into(window, part), self.bounding_box_format, size, window)

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape, dict):
            window = ("images", "segmentation_masks")
            return {
                name: self.compute_output_shape(shape) if name in window else shape
                for name, shape in input_shape.items()
            }
        if self.data_format == "channels_first":
            return (*input_shape[:-2], self.height, self.width)
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}


@keras.saving.register_keras_serializable(package="layerwise")
class MixUp(ImageLayer):
    """Blends each example with another one of its batch, while training.

    For each example i a partner π(i) and a weight λ are drawn in every call: π is a
    permutation of the batch, and λ comes from the Beta distribution with both
    parameters alpha. Image x and label y, a row of probabilities, become

        λ_i · x_i + (1 − λ_i) · x_π(i)
        λ_i · y_i + (1 − λ_i) · y_π(i)

    with the same λ and π. A small alpha draws λ near 0 or 1: hardly a mixture. Masks,
    rows of probabilities for each pixel, are mixed as images are. What is in one of two
    images is in their mixture, so the boxes of both go with it, all as they are. (Keras
    3.15 sets their labels one below the other, 2B rows of them, and mixes a mask with
    single numbers of another.)

    Args:
        alpha: Above 0; 1 makes every λ equally likely.
        data_format: As for `RandomFlip`.
        seed: As for `RandomFlip`.
        **kwargs: `bounding_box_format`, and what every Keras layer takes.

    Input: images (B, H, W, C), or a dict with `images` and, for instance, `labels`
    (B, K). Output: the same, images, labels and masks in the layer's own dtype; for N
    boxes of each image 2N. Called by hand the layer assumes that training is on.

    Raises:
        ValueError: If alpha is not above 0, and when called with labels that are
            numbers of classes: a mixture of two classes is no number.

    Reference: https://arxiv.org/abs/1710.09412, section 2.
    """

    fills_dicts = False  # as in Keras

    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if alpha <= 0:
            raise ValueError(f"alpha must be above 0; got {alpha!r}.")
        self.alpha = alpha

    def draw(self, images, training, seed):
        if not training:
            return None
        partners, weights = self.partners_and_weights(ops.shape(images)[0], seed)
        return {"permutation_order": partners, "mix_weight": weights}

    def partners_and_weights(self, count, seed):
        """π and λ of `count` examples: a permutation of their numbers, and (count,)."""
        raise NotImplementedError("Both from keras.random, with this `seed`.")

    def mix(self, part, partners, weights):
        """λ · part + (1 − λ) · its partners; `partners` and `weights` are (B,)."""
        raise NotImplementedError(
            "Weights with as many axes as the part; partners by ops.take."
        )

    def change(self, images, drawn):
        """Images (B, H, W, C), mixed by what was drawn."""
        weights = ops.reshape(ops.cast(drawn["mix_weight"], "float32"), (-1,))
        partners = ops.cast(drawn["permutation_order"], "int32")
        return self.mix(images, partners, weights)

    def transform_images(self, images, transformation, training=True):
        if training and len(images.shape) == 3:
            images = ops.expand_dims(images, 0)  # and a batch of one is returned
        return super().transform_images(images, transformation, training)

    def transform_labels(self, labels, transformation, training=True):
        if len(labels.shape) != 2:
            raise ValueError(
                "MixUp needs labels as rows of probabilities, (B, K); got shape "
                f"{tuple(labels.shape)}."
            )
        labels = ops.cast(labels, self.compute_dtype)
        return self.change(labels, transformation) if training else labels

    def change_boxes(self, boxes, drawn):
        return joined(boxes, ops.cast(drawn["permutation_order"], "int32"))

    def compute_output_shape(self, input_shape):
        if not isinstance(input_shape, dict) or "bounding_boxes" not in input_shape:
            return input_shape
        boxes = {
            name: (batch, count and 2 * count, *rest)
            for name, (batch, count, *rest) in input_shape["bounding_boxes"].items()
        }
        return {**input_shape, "bounding_boxes": boxes}

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}
