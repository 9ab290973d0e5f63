"""One feature after the other, each with statistics of its own. Prints them."""

import keras
from keras import ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class BatchNormalization(keras.Layer):
    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        *,
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        **kwargs,
    ):
        for name in ("renorm", "renorm_clipping", "synchronized"):
            if kwargs.pop(name, None):
                raise ValueError(f"{name} is not built here; leave it out.")
        kwargs.pop("renorm_momentum", None)  # says nothing without renorm
        super().__init__(
            **weights.take_settings(self, kwargs, gamma="ones", beta="zeros")
        )
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale
        self.moving_mean_initializer = keras.initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = keras.initializers.get(
            moving_variance_initializer
        )

    def build(self, input_shape):
        rank = len(input_shape)
        if self.axis < -rank or self.axis >= rank or input_shape[self.axis] is None:
            raise ValueError(f"{input_shape} has no axis {self.axis} of known size")
        self.features = input_shape[self.axis]
        print("batch normalization of", self.features, "features")
        names = ["gamma"] * self.scale + ["beta"] * self.center
        for name in names:
            weight = self.add_weight(
                shape=(self.features,),
                name=name,
                autocast=False,
                **weights.settings(self, name),
            )
            setattr(self, name, weight)
        for name in ("moving_mean", "moving_variance"):
            weight = self.add_weight(
                shape=(self.features,),
                name=name,
                autocast=False,
                trainable=False,
                initializer=getattr(self, f"{name}_initializer"),
            )
            setattr(self, name, weight)

    def call(self, inputs, training=False, mask=None):
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ValueError("A mask for what?")
        x = ops.cast(inputs, self.variable_dtype)
        learning = training and self.trainable
        kept = (
            ops.ones_like(x)
            if mask is None
            else x * 0 + ops.cast(mask, x.dtype)[..., None]
        )
        kept = ops.unstack(kept, self.features, axis=self.axis)
        results, means, variances = [], [], []
        for c, values in enumerate(ops.unstack(x, self.features, axis=self.axis)):
            if learning:
                count = ops.sum(kept[c])
                means.append(ops.sum(kept[c] * values) / count)
                squares = ops.square(values - means[c])
                variances.append(ops.sum(kept[c] * squares) / count)
            else:
                means.append(self.moving_mean[c])
                variances.append(self.moving_variance[c])
            values = (values - means[c]) / ops.sqrt(variances[c] + self.epsilon)
            values = values * self.gamma[c] if self.scale else values
            results.append(values + self.beta[c] if self.center else values)
        if learning:
            self.remember(self.moving_mean, ops.stack(means))
            self.remember(self.moving_variance, ops.stack(variances))
        return ops.cast(ops.stack(results, axis=self.axis), self.compute_dtype)

    def remember(self, moving, now):
        print("was", moving)
        moving.assign(moving * self.momentum + now * (1 - self.momentum))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **weights.config(self, "gamma", "beta"),
            "moving_mean_initializer": keras.initializers.serialize(
                self.moving_mean_initializer
            ),
            "moving_variance_initializer": keras.initializers.serialize(
                self.moving_variance_initializer
            ),
        }
