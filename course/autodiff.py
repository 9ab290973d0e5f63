"""Gradients on TensorFlow, PyTorch and JAX behind one function."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


def value_and_gradients(
    function: Callable[[], Any], variables: Sequence[Any]
) -> tuple[Any, list[Any]]:
    """Evaluates a scalar function and differentiates it.

    Args:
        function: Takes nothing, returns a scalar tensor computed from `variables`.
        variables: `keras.Variable`s, or tensors made by `watch`.

    Returns:
        The value and one gradient a variable, in order; None where the value
        does not depend on the variable.

    Raises:
        NotImplementedError: On a backend other than TensorFlow and PyTorch.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        watched = [_raw(variable) for variable in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(watched)
            value = function()
        gradients = tape.gradient(value, watched)
        return value, [_dense(gradient) for gradient in gradients]
    if backend == "torch":
        import torch

        watched = [_raw(variable) for variable in variables]
        with torch.enable_grad():
            value = function()
        if not value.requires_grad:
            return value, [None] * len(watched)
        found = torch.autograd.grad(value, watched, allow_unused=True)
        return value.detach(), list(found)
    raise NotImplementedError(f"course.autodiff has no gradients for {backend} yet.")


def watch(array: Any) -> Any:
    """A tensor with the values and dtype of `array`, ready to be differentiated by."""
    tensor = ops.convert_to_tensor(array)
    if keras.backend.backend() == "torch" and tensor.is_floating_point():
        return tensor.detach().clone().requires_grad_(True)
    return tensor


def gradients(function: Callable[[], Any], variables: Sequence[Any]) -> list[Any]:
    """The gradients alone; see `value_and_gradients`."""
    return value_and_gradients(function, variables)[1]


def _raw(variable: Any) -> Any:
    return variable.value if isinstance(variable, keras.Variable) else variable


def _dense(gradient: Any) -> Any:
    """TensorFlow gives the gradient of a lookup as IndexedSlices, and Keras keeps them."""
    import tensorflow as tf

    return None if gradient is None else tf.convert_to_tensor(gradient)
