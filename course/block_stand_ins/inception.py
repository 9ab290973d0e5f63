"""The stand-ins of the Inception block and of the classifier beside it."""

from typing import Any

import keras
from keras import ops

from course.block_stand_ins.built_in import built_in


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class InceptionBlock(keras.Layer):
    """1×1, 3×3 and 5×5 convolutions and a pooling, side by side."""

    def __init__(
        self,
        filters_1x1: int,
        reduce_3x3: int,
        filters_3x3: int,
        reduce_5x5: int,
        filters_5x5: int,
        pool_projection: int,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.own = {
            "filters_1x1": filters_1x1,
            "reduce_3x3": reduce_3x3,
            "filters_3x3": filters_3x3,
            "reduce_5x5": reduce_5x5,
            "filters_5x5": filters_5x5,
            "pool_projection": pool_projection,
        }
        for name, size in self.own.items():
            if type(size) is not int or size < 1:
                raise ValueError(f"{name} is no positive integer: {size!r}.")
            setattr(self, name, size)
        self.convolutions = [
            built_in("Conv2D")(
                filters,
                window,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                dtype=self.dtype_policy,
            )
            for filters, window in zip(
                self.own.values(), (1, 1, 3, 1, 5, 1), strict=True
            )
        ]
        self.pool = built_in("MaxPooling2D")(
            3, 1, padding="same", dtype=self.dtype_policy
        )

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(f"Unknown channels: input shape {tuple(input_shape)}.")
        reduced = {2: self.own["reduce_3x3"], 4: self.own["reduce_5x5"]}
        for number, convolution in enumerate(self.convolutions):
            convolution.build((None, None, None, reduced.get(number, channels)))

    def call(self, inputs: Any) -> Any:
        first, reduce3, conv3, reduce5, conv5, projection = self.convolutions
        branches = [first(inputs), conv3(reduce3(inputs)), conv5(reduce5(inputs))]
        return ops.concatenate([*branches, projection(self.pool(inputs))], axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        ends = [self.convolutions[number].filters for number in (0, 2, 4, 5)]
        return (*input_shape[:-1], sum(ends))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.own}


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class AuxiliaryClassifier(keras.Layer):
    """A pooling, a 1×1 convolution and two Dense layers."""

    def __init__(
        self,
        num_classes: int,
        filters: int = 128,
        units: int = 1024,
        dropout_rate: float = 0.7,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for size in (num_classes, filters, units):
            if type(size) is not int or size < 1:
                raise ValueError(f"{size!r} is no positive integer.")
        self.num_classes, self.filters = num_classes, filters
        self.units, self.dropout_rate = units, dropout_rate
        begins = {"kernel_initializer": "he_normal", "activation": "relu"}
        like = {"dtype": self.dtype_policy}
        self.steps = [
            built_in("AveragePooling2D")(5, 3, **like),
            built_in("Conv2D")(filters, 1, **begins, **like),
            built_in("Flatten")(**like),
            built_in("Dense")(units, **begins, **like),
            built_in("Dropout")(dropout_rate, **like),
            built_in("Dense")(num_classes, **like),
        ]

    def build(self, input_shape: tuple) -> None:
        if None in input_shape[1:] or min(input_shape[1:3]) < 5:
            raise ValueError(f"Unknown or below 5×5: input shape {tuple(input_shape)}.")
        shape = input_shape
        for step in self.steps:
            step.build(shape)
            shape = step.compute_output_shape(shape)

    def call(self, inputs: Any) -> Any:
        x = inputs
        for step in self.steps:
            x = step(x)
        return x

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.num_classes)

    def get_config(self) -> dict[str, Any]:
        own = ("num_classes", "filters", "units", "dropout_rate")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
