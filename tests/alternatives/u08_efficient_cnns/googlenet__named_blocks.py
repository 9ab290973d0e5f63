"""GoogLeNet with an attribute for each layer; its answers in training are a tuple."""

import keras
from keras import ops

from course.parts import (
    AuxiliaryClassifier,
    Conv2D,
    Dense,
    Dropout,
    InceptionBlock,
    LocalResponseNormalization,
    MaxPooling2D,
)


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
        if stem not in ("imagenet", "cifar"):
            raise ValueError(f"stem {stem}")
        if num_classes < 1 or width < 8 or width & 7:
            raise ValueError(f"{num_classes} classes, width {width}")
        self.num_classes, self.auxiliary = num_classes, auxiliary
        self.stem, self.width = stem, width
        self.dropout_rate = dropout_rate
        self.auxiliary_dropout_rate = auxiliary_dropout_rate
        like, n = {"dtype": self.dtype_policy}, width // 8

        def block(*eighths):
            return InceptionBlock(*(n * k for k in eighths), **like)

        def conv(filters, size, strides=1):
            return Conv2D(
                filters, size, strides, padding="same", kernel_initializer="he_normal",
                **like,
            )  # fmt: skip

        self.conv1 = conv(width, 7, 2) if stem == "imagenet" else conv(width, 3)
        self.conv2a, self.conv2b = conv(width, 1), conv(3 * width, 3)
        self.block3a = block(8, 12, 16, 2, 4, 4)
        self.block3b = block(16, 16, 24, 4, 12, 8)
        self.block4a = block(24, 12, 26, 2, 6, 8)
        self.block4b = block(20, 14, 28, 3, 8, 8)
        self.block4c = block(16, 16, 32, 3, 8, 8)
        self.block4d = block(14, 18, 36, 4, 8, 8)
        self.block4e = block(32, 20, 40, 4, 16, 16)
        self.block5a = block(32, 20, 40, 4, 16, 16)
        self.block5b = block(48, 24, 48, 6, 16, 16)
        self.dense = Dense(num_classes, **like)
        if auxiliary:
            sizes = (num_classes, 2 * width, 16 * width, auxiliary_dropout_rate)
            self.guess4a = AuxiliaryClassifier(*sizes, **like)
            self.guess4d = AuxiliaryClassifier(*sizes, **like)
        self.lrn = LocalResponseNormalization(**like)
        self.pool = MaxPooling2D(3, strides=2, padding="same", **like)
        self.dropout = Dropout(dropout_rate, **like)

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError("how many channels?")
        large, w = self.stem == "imagenet", self.width
        sides = input_shape[1:3]
        self.conv1.build((None, None, None, input_shape[-1]))
        self.conv2a.build((None, None, None, w))
        self.conv2b.build((None, None, None, w))
        self.lrn.build((None, None, None, w))
        seen = 3 * w
        for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
            block = getattr(self, f"block{name}")
            block.build((None, None, None, seen))
            seen = block.compute_output_shape((None, None, None, seen))[-1]
            if name in ("4a", "4d") and self.auxiliary:
                by = 16 if large else 2
                smaller = [None if n is None else -(-n // by) for n in sides]
                getattr(self, f"guess{name}").build((None, *smaller, seen))
        self.dense.build((None, seen))

    def call(self, inputs, training=False):
        x = ops.relu(self.conv1(inputs))
        if self.stem == "imagenet":
            x = self.pool(x)
        x = ops.relu(self.conv2a(self.lrn(x)))
        if self.stem == "imagenet":
            x = self.pool(self.lrn(ops.relu(self.conv2b(x))))
        else:
            x = self.lrn(ops.relu(self.conv2b(x)))
        x = self.pool(self.block3b(self.block3a(x)))
        x = at_4a = self.block4a(x)
        x = at_4d = self.block4d(self.block4c(self.block4b(x)))
        x = self.block5b(self.block5a(self.pool(self.block4e(x))))
        places = ops.cast(ops.shape(x)[1] * ops.shape(x)[2], x.dtype)
        logits = self.dense(self.dropout(ops.sum(x, axis=(1, 2)) / places))
        if training and self.auxiliary:
            return logits, self.guess4a(at_4a), self.guess4d(at_4d)
        return logits

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        parent = super()

        def loss(output):
            return parent.compute_loss(x, y, output, sample_weight, training=training)

        if not isinstance(y_pred, (tuple, list)):
            return loss(y_pred)
        return loss(y_pred[0]) + 0.3 * (loss(y_pred[1]) + loss(y_pred[2]))

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        if isinstance(y_pred, (tuple, list)):
            y_pred = y_pred[0]
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        names = ("num_classes", "auxiliary", "stem", "width", "dropout_rate")
        own = {name: getattr(self, name) for name in names}
        own["auxiliary_dropout_rate"] = self.auxiliary_dropout_rate
        return {**super().get_config(), **own}
