"""What `fit` does, by hand: gradients, clipping, loss scaling, epochs and batches."""

import numpy as np
from keras import ops

from course import autodiff


def clip_by_global_norm(gradients, clip_norm):
    """Shortens all gradients together if they are longer than `clip_norm`.

    The global norm is the length of all gradients as one long vector:

        norm = √(Σ over gradients Σ over elements g²)
        g ← g · clip_norm / max(norm, clip_norm)

    All gradients shrink by the same factor, so their direction stays.

    Args:
        gradients: A list of tensors; None where a variable has no gradient.
        clip_norm: The longest norm that is left as it is.

    Returns:
        The new list, with None in the same places.

    Reference: https://arxiv.org/abs/1211.5063, algorithm 1.
    """
    ### BEGIN SOLUTION one norm for all; None stays None
    squares = [ops.sum(ops.square(g)) for g in gradients if g is not None]
    norm = ops.sqrt(sum(squares))
    factor = clip_norm / ops.maximum(norm, clip_norm)
    return [None if g is None else g * factor for g in gradients]
    ### END SOLUTION


class LossScale:
    """Dynamic loss scaling, for gradients that pass through float16.

    The loss is multiplied with `scale` before it is differentiated, so that small
    gradients don't become 0 on the way, and the gradients are divided by it afterwards.
    If the scale was too large, some gradient is infinite or NaN: that step is left
    out, and the scale halves. After `dynamic_growth_steps` good steps in a row it
    doubles, and the counting begins again.

    Args:
        initial_scale: The first scale.
        dynamic_growth_steps: How many good steps in a row double it.

    Attributes:
        scale: The scale now, a float.
        good_steps: How many good steps there have been since it last changed.

    Reference: https://arxiv.org/abs/1710.03740, section 3.2.
    """

    def __init__(self, initial_scale=2.0**15, dynamic_growth_steps=2000):
        self.scale = float(initial_scale)
        self.dynamic_growth_steps = dynamic_growth_steps
        self.good_steps = 0

    def scale_loss(self, loss):
        """The loss, times the scale."""
        ### BEGIN SOLUTION one product
        return loss * self.scale
        ### END SOLUTION

    def unscale(self, gradients):
        """The gradients, divided by the scale; None stays None."""
        ### BEGIN SOLUTION one quotient for each
        return [None if g is None else g / self.scale for g in gradients]
        ### END SOLUTION

    def update(self, gradients):
        """Adapts the scale; True if all gradients are finite and may be used."""
        ### BEGIN SOLUTION halve it, or count and perhaps double it
        finite = all(bool(ops.all(ops.isfinite(g))) for g in gradients if g is not None)
        if not finite:
            self.scale, self.good_steps = self.scale / 2, 0
            return False
        self.good_steps += 1
        if self.good_steps == self.dynamic_growth_steps:
            self.scale, self.good_steps = self.scale * 2, 0
        return True
        ### END SOLUTION


def train_step(model, x, y, loss, optimizer, clip_norm=None, loss_scale=None):
    """One step of training on one batch.

    The loss is `loss(y, prediction)` plus all of `model.losses` (what regularizers
    ask for), with the model in training mode. Its gradients by the trainable variables
    go through the loss scale, then through clipping, then to the optimizer:
    `optimizer.apply(gradients, variables)`. A step whose gradients are not finite
    changes nothing but the loss scale.

    Args:
        model: A Keras model or layer.
        x: A batch of inputs.
        y: A batch of labels.
        loss: A Keras loss.
        optimizer: A Keras optimizer.
        clip_norm: The longest global norm that gradients may have, or None.
        loss_scale: A `LossScale`, or None.

    Returns:
        The loss before the step, a scalar tensor, not scaled.
    """
    if not model.built:
        model(x)
    ### BEGIN SOLUTION the loss as a function, its gradients, unscale, clip, apply
    variables = model.trainable_variables

    def objective():
        total = loss(y, model(x, training=True)) + sum(model.losses)
        return total if loss_scale is None else loss_scale.scale_loss(total)

    value, gradients = autodiff.value_and_gradients(objective, variables)
    if loss_scale is not None:
        value = value / loss_scale.scale
        gradients = loss_scale.unscale(gradients)
        if not loss_scale.update(gradients):
            return value
    if clip_norm is not None:
        gradients = clip_by_global_norm(gradients, clip_norm)
    optimizer.apply(gradients, variables)
    return value
    ### END SOLUTION


def fit(
    model,
    x,
    y,
    loss,
    optimizer,
    batch_size=32,
    epochs=1,
    shuffle=True,
    seed=None,
    clip_norm=None,
    loss_scale=None,
):
    """Goes through all examples `epochs` times, in batches.

    Every example is met once in an epoch; the last batch is smaller where the batch
    size does not divide their number. With `shuffle` each epoch has an order of its own.

    Args:
        model, loss, optimizer, clip_norm, loss_scale: As for `train_step`.
        x: All inputs, along axis 0.
        y: All labels, along axis 0.
        batch_size: How many examples a step sees.
        epochs: How often all examples are met.
        shuffle: Whether their order is drawn; else it is the given one.
        seed: An integer makes the orders repeatable.

    Returns:
        `{"loss": […]}`, for each epoch the mean loss of its examples, as floats: each
        example with the loss of its batch.
    """
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    count, generator = x.shape[0], np.random.default_rng(seed)
    history = {"loss": []}
    ### BEGIN SOLUTION for each epoch an order, for each batch a step
    for _ in range(epochs):
        order = generator.permutation(count) if shuffle else np.arange(count)
        total = 0.0
        for start in range(0, count, batch_size):
            batch = order[start : start + batch_size]
            inputs, labels = ops.take(x, batch, axis=0), ops.take(y, batch, axis=0)
            value = train_step(
                model, inputs, labels, loss, optimizer, clip_norm, loss_scale
            )
            total += float(value) * len(batch)
        history["loss"].append(total / count)
    ### END SOLUTION
    return history
