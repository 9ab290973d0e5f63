"""SimpleCNN with an attribute for each layer, set by name; the head is a method."""

import keras

from course.parts import Conv2D, Dense, Dropout, Flatten, MaxPooling2D


@keras.saving.register_keras_serializable(package="layerwise")
class SimpleCNN(keras.Model):
    def __init__(
        self, filters=(32, 64), units=128, num_classes=10, dropout_rate=0.5, **kwargs
    ):
        super().__init__(**kwargs)
        sizes = [*filters, units, num_classes]
        if len(sizes) < 3 or any(size < 1 for size in sizes):
            raise ValueError(f"sizes {sizes}")
        self.filters, self.units, self.num_classes = list(filters), units, num_classes
        self.dropout_rate = dropout_rate
        same = {"dtype": self.dtype_policy}
        for k, count in enumerate(filters, start=1):
            setattr(self, f"conv{k}", Conv2D(count, (3, 3), padding="same", **same))
            setattr(self, f"pool{k}", MaxPooling2D((2, 2), strides=2, **same))
        self.flatten = Flatten(**same)
        self.hidden = Dense(units, activation=keras.ops.relu, **same)
        self.drop = Dropout(dropout_rate, **same)
        self.out = Dense(num_classes, **same)

    def stages(self):
        for k in range(1, len(self.filters) + 1):
            yield getattr(self, f"conv{k}"), getattr(self, f"pool{k}")

    def build(self, input_shape):
        shape = tuple(input_shape)
        for conv, pool in self.stages():
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
            pool.build(shape)
            shape = pool.compute_output_shape(shape)
        self.flatten.build(shape)
        self.hidden.build(self.flatten.compute_output_shape(shape))
        self.out.build((None, self.units))

    def head(self, x, training):
        x = self.hidden(self.flatten(x))
        return self.out(self.drop(x, training=training))

    def call(self, inputs, training=None):
        x = inputs
        for conv, pool in self.stages():
            # the largest of the rectified is the rectified largest
            x = keras.ops.maximum(pool(conv(x)), 0)
        return self.head(x, training)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:1], self.num_classes)

    def get_config(self):
        names = ("filters", "units", "num_classes", "dropout_rate")
        return super().get_config() | {name: getattr(self, name) for name in names}
