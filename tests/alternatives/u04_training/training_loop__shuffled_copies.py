"""The data put into order once an epoch, then sliced; the scale in powers of two."""

import keras
from keras import ops

from course import autodiff


def clip_by_global_norm(gradients, clip_norm):
    total = 0.0
    for g in gradients:
        if g is not None:
            total = total + ops.sum(g * g)
    shrink = ops.minimum(1.0, clip_norm / ops.maximum(ops.sqrt(total), 1e-30))
    clipped = []
    for g in gradients:
        clipped.append(None if g is None else g * ops.cast(shrink, g.dtype))
    return clipped


class LossScale:
    def __init__(self, initial_scale=32768.0, dynamic_growth_steps=2000):
        self.first, self.doublings, self.good_steps = float(initial_scale), 0, 0
        self.dynamic_growth_steps = dynamic_growth_steps

    @property
    def scale(self):
        return self.first * 2.0**self.doublings

    def scale_loss(self, loss):
        return loss * self.scale

    def unscale(self, gradients):
        return [None if g is None else ops.divide(g, self.scale) for g in gradients]

    def update(self, gradients):
        for g in gradients:
            if g is not None and not bool(ops.all(ops.abs(g) < float("inf"))):
                self.doublings -= 1
                self.good_steps = 0
                return False
        self.good_steps = (self.good_steps + 1) % self.dynamic_growth_steps
        self.doublings += self.good_steps == 0
        return True


def train_step(model, x, y, loss, optimizer, clip_norm=None, loss_scale=None):
    if not model.built:
        model(x)
    scale = loss_scale or LossScale(1.0, 10**9)

    def objective():
        losses = [loss(y, model(x, training=True)), *model.losses]
        return scale.scale_loss(sum(losses))

    used = scale.scale
    value, found = autodiff.value_and_gradients(objective, model.trainable_variables)
    found = scale.unscale(found)
    if scale.update(found) or loss_scale is None:
        if clip_norm is not None:
            found = clip_by_global_norm(found, clip_norm)
        optimizer.apply(found, model.trainable_variables)
    return value / used


def fit(model, x, y, loss, optimizer, batch_size=32, epochs=1, shuffle=True, seed=None,
        clip_norm=None, loss_scale=None):  # fmt: skip
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    count, generator = x.shape[0], keras.random.SeedGenerator(seed)
    report = []
    for _ in range(epochs):
        if shuffle:
            order = keras.random.shuffle(ops.arange(count), seed=generator)
            x, y = ops.take(x, order, axis=0), ops.take(y, order, axis=0)
        sums = 0.0
        for start in range(0, count, batch_size):
            part = slice(start, min(start + batch_size, count))
            value = train_step(
                model, x[part], y[part], loss, optimizer, clip_norm, loss_scale
            )
            sums += float(value) * (part.stop - part.start)
        report.append(sums / count)
    return {"loss": report}
