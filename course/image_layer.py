"""What layers share that change images at random: what comes with the images.

Such a layer takes images, (B, H, W, C) or a single one, or a dict:

    {"images": …, "labels": …, "bounding_boxes": …, "segmentation_masks": …}

An image that is mirrored takes its boxes and masks along. So a layer draws once in each
call, and hands what it has drawn to one method for each part. They have the names that
they have in Keras's layers, and can be called by hand:

    drawn = layer.get_random_transformation(data)
    layer.transform_images(images, drawn)       transform_labels, transform_bounding_boxes,
                                                transform_segmentation_masks
"""

import types
from typing import Any

import keras
from keras import ops, tree

from course.bounding_boxes import checked
from course.data_format import resolved
from course.tf_data import also_in_tf_data, has_values

PARTS = ("images", "labels", "bounding_boxes", "segmentation_masks")


class ImageLayer(keras.Layer):
    """Draws, and changes images, labels, boxes and masks accordingly.

    A subclass writes `draw` and `change`, and, where they change too, `change_boxes` and
    `transform_labels`. It sees images (B, H, W, C) alone: a single one comes as a batch
    of one, and channels that come first are moved.

    Args:
        seed: An integer makes the layer draw the same as every other one that has it.
        data_format: `channels_last`, or `channels_first` for images (B, C, H, W). None
            means Keras's own setting, and is refused if that is `channels_first`.
        bounding_box_format: What the four numbers of a box are, for instance `xyxy`;
            to be given if there are boxes.
        **kwargs: What every Keras layer takes.
    """

    # Keras's flips and crops write what they return into the dict that they were given.
    fills_dicts = True

    def __init__(
        self,
        seed: int | None = None,
        data_format: str | None = None,
        bounding_box_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        # float16 is too coarse for labels and boxes: only images and masks are cast
        super().__init__(**{"autocast": False, **kwargs})
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)
        self.data_format = resolved(data_format)
        self.bounding_box_format = bounding_box_format

    @property
    def backend(self) -> types.SimpleNamespace:
        """Keras's operations, where subclasses of its own image layers look for them."""
        return types.SimpleNamespace(
            shape=ops.shape, cast=ops.cast, numpy=ops, random=keras.random
        )

    def draw(self, images: Any, training: bool, seed: Any) -> dict[str, Any] | None:
        """What one call draws from `seed`; None if all is to stay as it is."""
        raise NotImplementedError

    def change(self, images: Any, drawn: dict[str, Any]) -> Any:
        """Images (B, H, W, C), or masks, after what was drawn."""
        raise NotImplementedError

    def change_boxes(self, boxes: dict[str, Any], drawn: dict[str, Any]) -> Any:
        """Boxes, as from `course.bounding_boxes.checked`, after what was drawn."""
        raise NotImplementedError

    @also_in_tf_data
    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        outputs = super().__call__(inputs, **kwargs)
        if self.fills_dicts and isinstance(inputs, dict):
            if has_values(outputs["images"]):
                inputs.update(outputs)
        return outputs

    def call(self, inputs: Any, training: bool = True) -> Any:
        given = inputs if isinstance(inputs, dict) else {"images": inputs}
        self._check(given)
        parts = {name: given[name] for name in PARTS if name in given}
        alone = len(parts["images"].shape) == 3
        if alone:
            parts = tree.map_structure(lambda part: ops.expand_dims(part, 0), parts)
        drawn = self.get_random_transformation(parts, training=training)
        for name, part in parts.items():
            transform = getattr(self, f"transform_{name}")
            parts[name] = transform(part, drawn, training=drawn is not None)
        if alone:
            parts = tree.map_structure(lambda part: ops.squeeze(part, 0), parts)
        return {**given, **parts} if isinstance(inputs, dict) else parts["images"]

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> dict[str, Any] | None:
        """What is drawn for the images of `data`, and their shape, `input_shape`."""
        images = data["images"] if isinstance(data, dict) else data
        images = ops.convert_to_tensor(images)
        seed = self.generator if seed is None else seed
        drawn = self.draw(self._to_the_end(_batch(images)), training, seed)
        return drawn and {**drawn, "input_shape": ops.shape(images)}

    def transform_images(
        self, images: Any, transformation: Any, training: bool = True
    ) -> Any:
        """A batch of images, or one, in the layer's own dtype."""
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        changed = self.change(self._to_the_end(_batch(images)), transformation)
        if self.data_format == "channels_first":
            changed = ops.moveaxis(changed, -1, 1)
        return ops.squeeze(changed, 0) if len(images.shape) == 3 else changed

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Masks are images; what they have in place of colours are classes."""
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_labels(
        self, labels: Any, transformation: Any, training: bool = True
    ) -> Any:
        """A cat is a cat, wherever it looks."""
        return labels

    @also_in_tf_data
    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """A dict of `boxes` and `labels`; boxes in float32."""
        boxes = checked(bounding_boxes)
        return self.change_boxes(boxes, transformation) if training else boxes

    def size(self, shape: Any) -> tuple[Any, Any]:
        """H and W of images of this shape, wherever their channels are."""
        height, width = (
            shape[-2:] if self.data_format == "channels_first" else shape[-3:-1]
        )
        return height, width

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any, training: bool = True) -> Any:
        if isinstance(inputs, dict):  # whose parts have dtypes of their own
            return keras.Operation.compute_output_spec(self, inputs, training=training)
        return super().compute_output_spec(inputs, training=training)

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "seed": self.seed,
            "data_format": self.data_format,
        }
        if self.bounding_box_format is not None:
            config["bounding_box_format"] = self.bounding_box_format
        return config

    def _to_the_end(self, images: Any) -> Any:
        """Images (B, H, W, C), which this layer's may be (B, C, H, W)."""
        return (
            images
            if self.data_format == "channels_last"
            else ops.moveaxis(images, 1, -1)
        )

    def _check(self, parts: dict[str, Any]) -> None:
        """
        Raises:
            ValueError: If there are no images, or masks or boxes that don't fit them.
        """
        if "images" not in parts:
            raise ValueError(f"{self.name} needs 'images'; got {sorted(parts)}.")
        shapes = [
            tuple(parts[name].shape)
            for name in ("images", "segmentation_masks")
            if name in parts
        ]
        if len(shapes[0]) not in (3, 4):
            raise ValueError(
                "Expected image tensor to have rank 3 (single image) or 4 (batch of "
                f"images). Received: data.shape={shapes[0]}"
            )
        if len(shapes[-1]) != len(shapes[0]):
            raise ValueError(
                f"Masks have as many axes as their images; got {shapes[-1]} beside "
                f"{shapes[0]}. For one class a pixel the last one is 1."
            )
        if "bounding_boxes" in parts and not self.bounding_box_format:
            raise ValueError(
                "You passed an input with a 'bounding_boxes' key, but you didn't specify "
                "a bounding box format. Pass a `bounding_box_format` argument to your "
                f"{type(self).__name__} layer, e.g. `bounding_box_format='xyxy'`."
            )


def _batch(images: Any) -> Any:
    return ops.expand_dims(images, 0) if len(images.shape) == 3 else images
