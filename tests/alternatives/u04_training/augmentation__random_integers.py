"""Flips by mixing with 0 and 1; windows by taking rows and columns; partners by sorting."""

import keras
from keras import ops

from course.bounding_boxes import into, joined, largest, mirrored, moved
from course.image_layer import ImageLayer


@keras.saving.register_keras_serializable(package="layerwise")
class RandomFlip(ImageLayer):
    def __init__(
        self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs
    ):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.axes = {
            "horizontal": [2],
            "vertical": [1],
            "horizontal_and_vertical": [2, 1],
        }.get(mode)
        if self.axes is None:
            raise ValueError(mode)
        self.mode = mode

    def draw(self, images, training, seed):
        """Zeros and ones, (B,), for each axis."""
        if not training:
            return None
        count = ops.shape(images)[0]
        return {
            axis: keras.random.randint((count,), 0, 2, seed=seed) for axis in self.axes
        }

    def change(self, images, drawn):
        for axis in self.axes:
            heads = ops.cast(ops.reshape(drawn[axis], (-1, 1, 1, 1)), images.dtype)
            images = heads * ops.flip(images, axis) + (1 - heads) * images
        return images

    def change_boxes(self, boxes, drawn):
        size = self.size(drawn["input_shape"])

        def move(*edges):
            edges = list(edges)  # left, top, right, bottom
            for axis in self.axes:
                low = 2 - axis
                heads = ops.reshape(drawn[axis], (-1, 1, 1)) > 0
                edges[low], edges[low + 2] = mirrored(
                    heads, edges[low], edges[low + 2], size[axis - 1]
                )
            return edges

        return moved(boxes, move, self.bounding_box_format, size, size)

    def get_config(self):
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable(package="layerwise")
class RandomCrop(ImageLayer):
    def __init__(self, height, width, seed=None, data_format=None, name=None, **kwargs):
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self.height, self.width = height, width

    def part(self, size, training=False, seed=None):
        """Of the images: top, left, height and width of what becomes the window."""
        window = self.height, self.width
        rooms = [have - want for have, want in zip(size, window, strict=True)]
        if min(rooms) < 0:
            return largest(window, size)
        starts = [
            keras.random.randint((), 0, room + 1, dtype="int32", seed=seed)
            if training and room
            else room // 2
            for room in rooms
        ]
        return (*starts, *window)

    def draw(self, images, training, seed):
        return {"part": self.part(images.shape[1:3], training, seed)}

    def change(self, images, drawn):
        top, left, height, width = drawn["part"]
        images = ops.take(images, top + ops.arange(height, dtype="int32"), axis=1)
        images = ops.take(images, left + ops.arange(width, dtype="int32"), axis=2)
        if (height, width) != (self.height, self.width):
            images = ops.cast(
                ops.image.resize(
                    images,
                    (self.height, self.width),
                    interpolation=drawn.get("way", "bilinear"),
                ),
                images.dtype,
            )
        return images

    def transform_segmentation_masks(
        self, segmentation_masks, transformation, training=True
    ):
        transformation = {**transformation, "way": "nearest"}
        return self.transform_images(segmentation_masks, transformation, training)

    def change_boxes(self, boxes, drawn):
        size, window = self.size(drawn["input_shape"]), (self.height, self.width)
        move = into(window, drawn["part"])
        return moved(boxes, move, self.bounding_box_format, size, window)

    def compute_output_shape(self, input_shape):
        if self.data_format == "channels_first":
            return (*input_shape[:-2], self.height, self.width)
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}


@keras.saving.register_keras_serializable(package="layerwise")
class MixUp(ImageLayer):
    def __init__(self, alpha=0.2, data_format=None, seed=None, **kwargs):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if not alpha > 0:
            raise ValueError("alpha")
        self.alpha = alpha

    def draw(self, images, training, seed):
        if not training:
            return None
        count = ops.shape(images)[0]
        order = ops.argsort(keras.random.uniform((count,), seed=seed))
        keep = keras.random.beta((count,), self.alpha, self.alpha, seed=seed)
        return {"order": order, "keep": keep}

    def change(self, images, drawn):
        other = ops.take(images, drawn["order"], axis=0)
        share = ops.cast(drawn["keep"], images.dtype)
        while len(share.shape) < len(images.shape):
            share = ops.expand_dims(share, -1)
        return other + share * (images - other)

    def transform_labels(self, labels, transformation, training=True):
        if len(labels.shape) == 1:
            raise ValueError("labels as rows, please")
        labels = ops.cast(labels, self.compute_dtype)
        return self.change(labels, transformation) if training else labels

    def change_boxes(self, boxes, drawn):
        return joined(boxes, drawn["order"])

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}
