"""AlexNet as two towers that meet in C3, with kernels cut in halves; it prints."""

import keras
from keras import ops

from course.parts import LocalResponseNormalization, MaxPooling2D


class Weights(keras.Layer):
    """A kernel and a bias, no more."""

    def __init__(self, shape, bias, **kwargs):
        super().__init__(**kwargs)
        self.kernel = self.add_weight(
            name="kernel",
            shape=shape,
            initializer=keras.initializers.RandomNormal(0, 0.01),
        )
        start = keras.initializers.Constant(bias)
        self.bias = self.add_weight(name="bias", shape=shape[-1:], initializer=start)


@keras.saving.register_keras_serializable(package="layerwise")
class AlexNet(keras.Model):
    def __init__(
        self,
        num_classes=1000,
        stem="imagenet",
        filters=(96, 256, 384, 384, 256),
        units=4096,
        dropout_rate=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if stem not in "imagenet cifar".split():
            raise ValueError(stem)
        if sum(n > 0 and n % 2 == 0 for n in filters) != 5 or len(filters) > 5:
            raise ValueError(f"{filters}")
        if num_classes * units <= 0:
            raise ValueError(f"{num_classes}, {units}")
        self.own = {
            "num_classes": num_classes,
            "stem": stem,
            "filters": tuple(filters),
            "units": units,
            "dropout_rate": dropout_rate,
        }
        for name, value in self.own.items():
            setattr(self, name, value)
        like = {"dtype": self.dtype_policy}
        self.lrn = [LocalResponseNormalization(**like) for _ in range(2)]
        self.pool = MaxPooling2D(3, 2, **like)
        self.seeds = keras.random.SeedGenerator()

    def build(self, input_shape):
        _, height, width, seen = input_shape
        large = self.stem == "imagenet"
        if min(height or 0, width or 0) < (67 if large else 15):
            raise ValueError(f"{height}×{width}")
        c1, c2, c3, c4, c5 = self.filters
        size = 11 if large else 5
        shapes = [
            ((size, size, seen, c1), 0),
            ((5, 5, c1 // 2, c2), 1),
            ((3, 3, c2, c3), 0),
            ((3, 3, c3 // 2, c4), 1),
            ((3, 3, c4 // 2, c5), 1),
        ]
        if large:
            height, width = (height - 7) // 4, (width - 7) // 4
        for _ in range(3):
            height, width = (height - 1) // 2, (width - 1) // 2
        self.flat = height * width * c5
        shapes += [((self.flat, self.units), 1), ((self.units, self.units), 1)]
        shapes += [((self.units, self.num_classes), 0)]
        like = {"dtype": self.dtype_policy}
        self.layers_of_the_paper = [Weights(*row, **like) for row in shapes]

    def call(self, inputs, training=None):
        c1, c2, c3, c4, c5, f6, f7, f8 = self.layers_of_the_paper
        if self.stem == "imagenet":
            x = self.tower(inputs, c1, stride=4, padding="valid")
        else:
            x = self.tower(inputs, c1)
        x = self.pool(self.lrn[0](x))
        x = self.pool(self.lrn[1](self.towers(x, c2)))
        x = self.tower(x, c3)
        x = self.pool(self.towers(self.towers(x, c4), c5))
        x = ops.reshape(x, (ops.shape(x)[0], self.flat))
        print("flattened", x.shape)
        for layer in (f6, f7):
            x = ops.maximum(self.affine(x, layer), 0)
            if training:
                draws = keras.random.uniform(ops.shape(x), seed=self.seeds)
                x = x * ops.cast(draws >= self.dropout_rate, x.dtype)
                x = x / (1 - self.dropout_rate)
        return self.affine(x, f8)

    def affine(self, x, layer):
        kernel = ops.cast(layer.kernel, x.dtype)
        return ops.einsum("bi,iu->bu", x, kernel) + ops.cast(layer.bias, x.dtype)

    def tower(self, x, layer, stride=1, padding="same"):
        return self.looked(x, layer.kernel, layer.bias, stride, padding)

    def towers(self, x, layer):
        seen, count = layer.kernel.shape[2], layer.kernel.shape[3] // 2
        left, right = (slice(None, count), slice(count, None))
        kernel = ops.convert_to_tensor(layer.kernel)
        bias = ops.convert_to_tensor(layer.bias)
        one = self.looked(x[..., :seen], kernel[..., left], bias[left])
        two = self.looked(x[..., seen:], kernel[..., right], bias[right])
        return ops.concatenate([one, two], axis=-1)

    def looked(self, x, kernel, bias, stride=1, padding="same"):
        kernel, bias = ops.cast(kernel, x.dtype), ops.cast(bias, x.dtype)
        size = kernel.shape[0]
        if padding == "same":
            edge = (size // 2, size // 2)
            x = ops.pad(x, ((0, 0), edge, edge, (0, 0)))
        height = (x.shape[1] - size) // stride + 1
        width = (x.shape[2] - size) // stride + 1
        y = bias
        for p in range(size):
            for q in range(size):
                rows = slice(p, p + stride * (height - 1) + 1, stride)
                columns = slice(q, q + stride * (width - 1) + 1, stride)
                seen = x[:, rows, columns]
                y = y + ops.einsum("bhwc,cf->bhwf", seen, kernel[p, q])
        return (y + ops.abs(y)) / 2

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {**super().get_config(), **self.own}
