"""Everything as a matrix product: reversing, selecting and mixing matrices."""

import keras
import numpy as np
from keras import ops

from course.bounding_boxes import into, joined, largest, moved
from course.image_layer import ImageLayer


@keras.saving.register_keras_serializable(package="layerwise")
class RandomFlip(ImageLayer):
    """Signs for each image, −1 where it is mirrored; a second generator for columns."""

    def __init__(
        self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs
    ):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if mode not in {"horizontal", "vertical", "horizontal_and_vertical"}:
            raise ValueError(mode)
        self.mode = mode
        self.second = keras.random.SeedGenerator(None if seed is None else seed + 1)

    def draw(self, images, training, seed):
        if not training:
            return None
        signs = []
        for direction, generator in (("vertical", seed), ("horizontal", self.second)):
            drawn = keras.random.uniform((ops.shape(images)[0],), seed=generator)
            turned = ops.where(drawn >= 0.5, 1.0, -1.0)
            signs.append(turned if direction in self.mode else ops.ones_like(turned))
        return {"signs": signs}

    def change(self, images, drawn):
        upside, across = (
            self.mirrors(signs, size, images.dtype)
            for signs, size in zip(drawn["signs"], images.shape[1:3], strict=True)
        )
        return ops.einsum("bij,bjwc,bkw->bikc", upside, images, across)

    def mirrors(self, signs, size, dtype):
        """(B, size, size): for each image the identity, or its mirror image."""
        eye = np.eye(size)
        same, turned = (
            ops.convert_to_tensor(m.copy(), dtype) for m in (eye, eye[::-1])
        )
        return ops.where(signs[:, None, None] > 0, same, turned)

    def change_boxes(self, boxes, drawn):
        size = self.size(drawn["input_shape"])
        upside, across = (signs[:, None, None] for signs in drawn["signs"])

        def move(left, top, right, bottom):
            """Seen from the middle of the image."""
            x, y = (ops.cast(edge, "float32") / 2 for edge in reversed(size))
            middle = ((left + right) / 2 - x) * across + x
            center = ((top + bottom) / 2 - y) * upside + y
            wide, high = (right - left) / 2, (bottom - top) / 2
            return middle - wide, center - high, middle + wide, center + high

        return moved(boxes, move, self.bounding_box_format, size, size)

    def get_config(self):
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable(package="layerwise")
class RandomCrop(ImageLayer):
    """Selects rows and columns by matrices of 0 and 1, or of weights that resize."""

    def __init__(self, height, width, seed=None, data_format=None, name=None, **kwargs):
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self.height, self.width = height, width

    def draw(self, images, training, seed):
        high, wide = images.shape[1] - self.height, images.shape[2] - self.width
        if min(high, wide) < 0:
            return {"place": None}
        place = [high // 2, wide // 2]
        if training:
            drawn = keras.random.uniform((2,), seed=seed)
            free = np.array([high + 1, wide + 1], "float32")
            place = ops.minimum(
                ops.cast(drawn * free, "int32"), np.array([high, wide], "int32")
            )
        return {"place": place}

    def change(self, images, drawn):
        window, place = (self.height, self.width), drawn["place"]
        if place is None:
            return ops.cast(
                ops.image.resize(
                    images,
                    window,
                    interpolation=drawn.get("way", "bilinear"),
                    crop_to_aspect_ratio=True,
                ),
                images.dtype,
            )
        rows, columns = (
            self.selector(place[axis], window[axis], images.shape[1 + axis], images)
            for axis in range(2)
        )
        return ops.einsum("ih,bhwc,jw->bijc", rows, images, columns)

    def transform_segmentation_masks(
        self, segmentation_masks, transformation, training=True
    ):
        transformation = {**transformation, "way": "nearest"}
        return self.transform_images(segmentation_masks, transformation, training)

    def selector(self, start, window, size, images):
        wanted = ops.arange(window, dtype="int32")[:, None] + start
        return ops.cast(wanted == ops.arange(size, dtype="int32"), images.dtype)

    def change_boxes(self, boxes, drawn):
        size, window = self.size(drawn["input_shape"]), (self.height, self.width)
        place = drawn["place"]
        part = largest(window, size) if place is None else (place[0], place[1], *window)
        return moved(boxes, into(window, part), self.bounding_box_format, size, window)

    def compute_output_shape(self, input_shape):
        if self.data_format == "channels_first":
            return (*input_shape[:-2], self.height, self.width)
        *front, _, _, channels = input_shape
        return (*front, self.height, self.width, channels)

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}


@keras.saving.register_keras_serializable(package="layerwise")
class MixUp(ImageLayer):
    """A matrix (B, B) with λ on its diagonal and 1 − λ at the partners."""

    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if alpha <= 0:
            raise ValueError("alpha")
        self.alpha = alpha

    def draw(self, images, training, seed):
        if not training:
            return None
        n = ops.shape(images)[0]
        first = keras.random.gamma((n,), self.alpha, seed=seed) + 1e-30
        second = keras.random.gamma((n,), self.alpha, seed=seed) + 1e-30
        share = (first / (first + second))[:, None]
        numbers = ops.arange(n)
        order = keras.random.shuffle(numbers, seed=seed)
        own = ops.cast(numbers[:, None] == numbers, "float32")
        other = ops.cast(order[:, None] == numbers, "float32")
        return {"matrix": share * own + (1 - share) * other, "order": order}

    def change(self, images, drawn):
        matrix = ops.cast(drawn["matrix"], images.dtype)
        return ops.einsum("ij,j...->i...", matrix, images)

    def transform_labels(self, labels, transformation, training=True):
        if len(labels.shape) < 2:
            raise ValueError("one-hot labels")
        labels = ops.cast(labels, self.compute_dtype)
        return self.change(labels, transformation) if training else labels

    def change_boxes(self, boxes, drawn):
        return joined(boxes, drawn["order"])

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}
