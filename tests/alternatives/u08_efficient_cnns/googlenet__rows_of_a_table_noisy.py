"""GoogLeNet as one list of steps, a row each, that says when to ask a classifier."""

import keras
from keras import ops

from course import parts

ROWS = """64 96 128 16 32 32
128 128 192 32 96 64
halve
192 96 208 16 48 64
ask
160 112 224 24 64 64
128 128 256 24 64 64
112 144 288 32 64 64
ask
256 160 320 32 128 128
halve
256 160 320 32 128 128
384 192 384 48 128 128""".splitlines()


@keras.saving.register_keras_serializable(package="layerwise")
class GoogLeNet(keras.Model):
    def __init__(
        self,
        num_classes=1000,
        auxiliary=True,
        stem="imagenet",
        width=64,
        dropout_rate=0.4,
        auxiliary_dropout_rate=0.7,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if stem not in {"imagenet", "cifar"} or num_classes < 1:
            raise ValueError(f"{stem}, {num_classes}")
        if width <= 0 or width % 8 != 0:
            raise ValueError(f"width {width}")
        self.own = {
            "num_classes": num_classes,
            "auxiliary": auxiliary,
            "stem": stem,
            "width": width,
            "dropout_rate": dropout_rate,
            "auxiliary_dropout_rate": auxiliary_dropout_rate,
        }
        for name, value in self.own.items():
            setattr(self, name, value)
        self.like = {"dtype": self.dtype_policy}
        large = stem == "imagenet"
        self.way = [self.look(width, 7, 2) if large else self.look(width, 3, 1)]
        self.way += [self.smaller()] if large else []
        self.way += [parts.LocalResponseNormalization(**self.like)]
        self.way += [self.look(width, 1, 1), self.look(3 * width, 3, 1)]
        self.way += [parts.LocalResponseNormalization(**self.like)]
        self.way += [self.smaller()] if large else []
        self.asked = []
        for row in ROWS:
            if row == "halve":
                self.way.append(self.smaller())
            elif row == "ask":
                self.asked.append(len(self.way))
            else:
                sizes = [int(n) // 8 * width // 8 for n in row.split()]
                self.way.append(parts.InceptionBlock(*sizes, **self.like))
        self.drop = parts.Dropout(dropout_rate, **self.like)
        self.decide = parts.Dense(num_classes, **self.like)
        self.helpers = [
            parts.AuxiliaryClassifier(
                num_classes,
                filters=width * 2,
                units=width * 16,
                dropout_rate=auxiliary_dropout_rate,
                **self.like,
            )
            for _ in self.asked
            if auxiliary
        ]

    def look(self, filters, size, strides):
        return parts.Conv2D(
            filters,
            size,
            strides=strides,
            padding="same",
            activation=keras.activations.relu,
            kernel_initializer=keras.initializers.HeNormal(),
            **self.like,
        )

    def smaller(self):
        return parts.MaxPooling2D((3, 3), (2, 2), padding="same", **self.like)

    def build(self, input_shape):
        print("building on", input_shape)
        shape, stations = tuple(input_shape), []
        if shape[-1] is None:
            raise ValueError(f"channels? {shape}")
        for number, step in enumerate(self.way):
            if number in self.asked:
                stations.append(shape)
            step.build(shape)
            shape = step.compute_output_shape(shape)
        for helper, station in zip(self.helpers, stations, strict=False):
            helper.build(station)
        self.decide.build((None, shape[-1]))

    def call(self, inputs, training=False):
        print("called on", inputs.shape, "training:", training)
        x, stations = inputs, []
        for number, step in enumerate(self.way):
            if number in self.asked:
                stations.append(x)
            x = step(x)
        x = self.drop(ops.mean(ops.mean(x, axis=1), axis=1), training=training)
        outputs = [self.decide(x)]
        if training:
            for helper, station in zip(self.helpers, stations, strict=False):
                outputs.append(helper(station, training=training))
        return outputs[0] if len(outputs) == 1 else outputs

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, **kwargs):
        if not isinstance(y_pred, list):
            return super().compute_loss(x, y, y_pred, sample_weight, **kwargs)
        total = 0.0
        for output, weight in zip(y_pred, (1, 0.3, 0.3), strict=True):
            loss = super().compute_loss(x, y, output, sample_weight, **kwargs)
            total = total + weight * loss
        return total

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        first = y_pred[0] if isinstance(y_pred, list) else y_pred
        return super().compute_metrics(x, y, first, sample_weight)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.num_classes

    def get_config(self):
        return super().get_config() | dict(self.own)
