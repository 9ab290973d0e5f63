"""Batch renormalization (Ioffe, 2017): batch normalization for small batches.

The mean μ_B and the deviation σ_B = √(σ²_B + epsilon) of a small batch are noise, and at
inference they are not there. Algorithm 1 of the paper keeps averages μ and σ of both in
training and corrects with them what the batch has normalized:

    r = clip(σ_B / σ, rmin, rmax)           d = clip((μ_B − μ) / σ, −dmax, dmax)
    y = gamma · ((x − μ_B) / σ_B · r + d) + beta
    μ ← renorm_momentum · μ + (1 − renorm_momentum) · μ_B,  σ likewise

r and d count as constants: no gradient flows through them. Without clipping y is what
inference would give, gamma · (x − μ) / σ + beta; with r = 1 and d = 0 it is batch
normalization. The moving statistics of inference follow with their own momentum, the
variance as σ² − epsilon of a moving deviation.

A layer that is normalized like this has what Keras's BatchNormalization has: `renorm`,
`renorm_clipping`, `renorm_momentum`, and `statistics(x, mask)`.

Reference: https://arxiv.org/abs/1702.03275
"""

from typing import Any

import keras
from keras import ops

_BOUNDS = ("rmax", "rmin", "dmax")


def clipping(bounds: dict[str, float] | None) -> dict[str, float]:
    """The bounds of r and d that were given; where one is missing nothing is clipped.

    Raises:
        ValueError: If a bound is unknown, rmax is below rmin, or dmax below 0.
    """
    bounds = bounds or {}
    if set(bounds) - set(_BOUNDS):
        raise ValueError(
            f"Received invalid keys for `renorm_clipping` argument: {bounds}. "
            f"Supported values: {list(_BOUNDS)}."
        )
    rmax, rmin, dmax = (bounds.get(name) for name in _BOUNDS)
    if rmax is not None and rmin is not None and rmax < rmin:
        raise ValueError(
            "rmax should be greater than rmin in the `renorm_clipping` argument. "
            f"Received: rmax={rmax}, rmin={rmin}."
        )
    if dmax is not None and dmax < 0:
        raise ValueError(
            "dmax should be non-negative in the `renorm_clipping` argument. "
            f"Received: dmax={dmax}."
        )
    return bounds


def add_statistics(layer: Any) -> None:
    """Makes `moving_stddev`, and μ and σ: `renorm_mean` and `renorm_stddev`."""

    def root(shape: tuple, dtype: Any = None) -> Any:
        return ops.sqrt(_again(layer.moving_variance_initializer)(shape, dtype=dtype))

    for name, initializer in (
        ("moving_stddev", root),
        ("renorm_mean", _again(layer.moving_mean_initializer)),
        ("renorm_stddev", root),
    ):
        weight = layer.add_weight(
            name=name,
            shape=layer.moving_mean.shape,
            initializer=initializer,
            trainable=False,
            autocast=False,
        )
        setattr(layer, name, weight)


def _again(initializer: Any) -> Any:
    """One like it: a random initializer would repeat the numbers that it has drawn."""
    if isinstance(initializer, keras.initializers.Initializer):
        return type(initializer).from_config(initializer.get_config())
    return initializer


def renormalized(layer: Any, inputs: Any, mask: Any = None) -> Any:
    """A batch in training; the statistics follow it."""
    x = ops.cast(inputs, layer.variable_dtype)
    mean, variance = layer.statistics(x, mask)
    deviation = ops.sqrt(variance + layer.epsilon)
    r, d = _corrections(layer, mean, deviation)
    _follow(layer, mean, deviation)
    scale, shift = (r, d) if layer.gamma is None else (r * layer.gamma, d * layer.gamma)
    shift = shift if layer.beta is None else shift + layer.beta
    mean, scale, shift = map(layer.along_axis, (mean, scale / deviation, shift))
    return ops.cast((x - mean) * scale + shift, layer.compute_dtype)


def _corrections(layer: Any, mean: Any, deviation: Any) -> tuple[Any, Any]:
    """r and d, by the averages as they are before this batch."""
    average = ops.maximum(layer.renorm_stddev, layer.epsilon**0.5)
    r, d = deviation / average, (mean - layer.renorm_mean) / average
    bounds = layer.renorm_clipping
    if bounds.get("rmin") is not None:
        r = ops.maximum(r, bounds["rmin"])
    if bounds.get("rmax") is not None:
        r = ops.minimum(r, bounds["rmax"])
    if bounds.get("dmax") is not None:
        d = ops.clip(d, -bounds["dmax"], bounds["dmax"])
    return ops.stop_gradient(r), ops.stop_gradient(d)


def _follow(layer: Any, mean: Any, deviation: Any) -> None:
    """Moves the five statistics towards those of the batch."""
    for average, value, momentum in (
        (layer.renorm_mean, mean, layer.renorm_momentum),
        (layer.renorm_stddev, deviation, layer.renorm_momentum),
        (layer.moving_mean, mean, layer.momentum),
        (layer.moving_stddev, deviation, layer.momentum),
    ):
        average.assign(momentum * average + (1 - momentum) * value)
    variance = ops.square(layer.moving_stddev) - layer.epsilon
    layer.moving_variance.assign(ops.relu(variance))  # not below 0 by rounding
