"""What checks may ask for beside plain calls: gradients, training, a save and load."""

import importlib
import os
import random
import sys
import tempfile
from typing import Any

import numpy as np


class NotSerializable(Exception):
    """Saving, loading, or the configuration of the object failed."""


def seed(number: int) -> None:
    """Seeds Python's, NumPy's, Keras's and the backend's generators.

    As `keras.utils.set_random_seed`, whose detours take longer than many a check.
    """
    from keras.src.backend.common import global_state
    from keras.src.utils import rng_utils

    number %= 2**31
    global_state.set_global_attribute(rng_utils.GLOBAL_RANDOM_SEED, number)
    generator = rng_utils.seed_generator.GLOBAL_SEED_GENERATOR
    global_state.set_global_attribute(generator, None)
    random.seed(number)
    np.random.seed(number)
    if "torch" in sys.modules:
        # Not torch.manual_seed: it writes down the stack for each kind of accelerator
        # that is not there.
        sys.modules["torch"].default_generator.manual_seed(number)
    if sys.modules.get("tensorflow"):  # None where Keras must not find it
        _seed_tensorflow(number)


def _seed_tensorflow(number: int) -> None:
    """`tf.random.set_seed` throws every kernel away, for the seeds that some hold; so
    it is called only if random numbers have been drawn from such kernels."""
    import tensorflow as tf
    from tensorflow.python.eager import context

    state = context.context()
    fresh = state._seed is not None and random.Random(state._seed).getstate()
    if fresh and state._rng.getstate() == fresh:
        state._seed, state._rng = number, random.Random(number)
    else:
        tf.random.set_seed(number)


def is_tensor(value: Any) -> bool:
    import keras

    return isinstance(value, keras.Variable) or keras.ops.is_tensor(value)


def to_numpy(value: Any) -> np.ndarray:
    import keras

    array = keras.ops.convert_to_numpy(value)
    return array if isinstance(array, np.ndarray) else np.asarray(array)


def to_tensors(value: Any) -> Any:
    """Replaces the arrays in `value` by tensors of the same dtype."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        import keras

        return keras.ops.convert_to_tensor(value, dtype=value.dtype.name)
    if type(value) in (list, tuple):
        return type(value)(to_tensors(item) for item in value)
    if type(value) is dict:
        return {key: to_tensors(item) for key, item in value.items()}
    return value


def gradients(
    function: Any, inputs: list, upstream: Any = None, kwargs: dict | None = None
) -> tuple[list, list]:
    """Differentiates sum(upstream · function(*inputs)).

    Args:
        function: A layer, a model or a function of tensors.
        inputs: Its positional arguments, arrays; floating ones are differentiated by.
        upstream: An array of the output's shape; None means ones.
        kwargs: Keyword arguments of the call, for instance `training`.

    Returns:
        The gradients for the floating inputs and for the trainable weights, in order;
        None where there is no dependence.
    """
    from keras import ops

    from course import autodiff

    tensors = [autodiff.watch(x) for x in inputs]
    floating = [
        t
        for t, x in zip(tensors, inputs, strict=True)
        if np.asarray(x).dtype.kind == "f"
    ]
    if hasattr(function, "built") and not function.built:
        function(*tensors, **(kwargs or {}))
    weights = list(getattr(function, "trainable_variables", []))

    def total():
        output = function(*tensors, **(kwargs or {}))
        if upstream is None:
            return ops.sum(output)
        return ops.sum(output * ops.convert_to_tensor(upstream, dtype=output.dtype))

    found = autodiff.gradients(total, floating + weights)
    return found[: len(floating)], found[len(floating) :]


def trained(
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    epochs: int = 1,
    batch_size: int = 32,
    learning_rate: float | None = 1e-3,
    optimizer: Any = "adam",
    loss: Any = "sparse_categorical_crossentropy",
    shuffle: bool = True,
) -> dict[str, list[float]]:
    """Compiles and fits a Keras model; answers with the loss of every epoch.

    Losses that a submission reports prove nothing: judge the predictions.

    Args:
        model: A model, or a layer, which is trained inside one.
        learning_rate: None leaves the optimizer its own, a schedule for instance.
        optimizer: A name or an optimizer.
        loss: A name or a loss; or a configuration, where an argument is not the default:
            `{"class_name": "BinaryCrossentropy", "config": {"from_logits": True}}`.
    """
    from keras.src import losses, models, optimizers  # the public ones may be off

    if not isinstance(model, models.Model):
        model = _model_of(model, x)
    found = optimizers.get(optimizer)
    if learning_rate is not None:
        found.learning_rate = learning_rate
    model.compile(optimizer=found, loss=losses.get(loss))
    history = model.fit(
        x, y, epochs=epochs, batch_size=batch_size, shuffle=shuffle, verbose=0
    )
    return {key: [float(v) for v in values] for key, values in history.history.items()}


def stepped(
    optimizer: Any,
    parameters: list[np.ndarray],
    gradients: list[list[np.ndarray | None]],
) -> list[list[np.ndarray]]:
    """Where an optimizer takes parameters, one list of gradients after the other.

    Args:
        optimizer: One that has not been used.
        parameters: An array for each variable, which starts there and has its dtype.
        gradients: For each step, one gradient a parameter; None where there is none.

    Returns:
        For each step, the parameters after it.
    """
    import keras
    from keras import ops

    variables = [
        keras.Variable(value, dtype=value.dtype.name, name=f"parameter_{number}")
        for number, value in enumerate(parameters)
    ]
    path = []
    for step in gradients:
        tensors = [None if g is None else ops.convert_to_tensor(g) for g in step]
        optimizer.apply(tensors, variables)
        path.append([np.array(to_numpy(variable)) for variable in variables])
    return path


def evaluated(
    x: np.ndarray, y: np.ndarray, metric: Any, batch_size: int = 32
) -> np.ndarray:
    """What `model.evaluate` reports of a metric, for a model that answers with its input.

    On TensorFlow the metric runs in a `tf.function` with unknown batch size.
    """
    import keras
    from keras.src import layers, models

    given = keras.Input(x.shape[1:], dtype=x.dtype.name)
    model = models.Model(given, layers.Identity(dtype=x.dtype.name)(given))
    model.compile(loss=lambda truth, answer: 0 * answer, metrics=[metric])
    report = model.evaluate(x, y, batch_size=batch_size, verbose=0, return_dict=True)
    return np.asarray(report[metric.name])


def predicted(layer: Any, inputs: np.ndarray, jit_compile: bool = False) -> np.ndarray:
    """Runs a layer inside a compiled model whose batch size is unknown.

    On TensorFlow this is a `tf.function`; with `jit_compile`, XLA.
    """
    model = _model_of(layer, inputs)
    model.compile(optimizer=None, jit_compile=jit_compile)
    return model.predict(inputs, verbose=0)


def _model_of(layer: Any, inputs: np.ndarray) -> Any:
    """A model of this one layer, for inputs like these in batches of any size."""
    import keras
    from keras.src import models

    given = keras.Input(inputs.shape[1:], dtype=inputs.dtype.name)
    return models.Model(given, layer(given))


def symbolic_shape(layer: Any, shape: list | tuple, dtype: str = "float32") -> tuple:
    """The shape that the layer promises for an input of `shape` (None: unknown)."""
    import keras

    output = layer(keras.KerasTensor(tuple(shape), dtype=dtype))
    return tuple(output.shape)


def saved_and_loaded(layer: Any, inputs: np.ndarray) -> Any:
    """Saves a layer or model to a `.keras` file and loads it again.

    Args:
        layer: A layer (wrapped in a functional model for the file) or a model.
        inputs: An array, used to build it.

    Returns:
        The loaded layer or model.

    Raises:
        NotSerializable: If any step of the round trip fails.
    """
    from keras.src import models
    from keras.src.saving.saving_api import load_model  # the public one is switched off

    known = _classes_beside(layer)
    try:
        model, wrapped = layer, not isinstance(layer, models.Model)
        if wrapped:
            model = _model_of(layer, inputs)
        elif not layer.built:
            layer(inputs)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            model.save(path)
            loaded = load_model(path, custom_objects=known, compile=False)
        return loaded.layers[-1] if wrapped else loaded
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise NotSerializable(reason) from error


def _classes_beside(layer: Any) -> dict[str, type]:
    """The classes of the submission's module, under every name Keras looks them up by."""
    import sys

    import keras

    module = sys.modules.get(type(layer).__module__)
    known: dict[str, type] = {}
    if module is None:
        return known
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__:
            known[name] = value
            known[keras.saving.get_registered_name(value)] = value
    return known


def imported(dotted: str) -> Any:
    """What a dotted name stands for here: `keras.layers.Dense`, `course.data.load`."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def arguments_after(function: Any, args: list) -> list:
    """Calls a function and answers with its arguments, as the call has left them.

    Arrays that it changed in place have changed; what it put into a list instead of
    them is not shown.
    """
    kept = _with_own_lists(args)
    function(*args)
    return kept


def _with_own_lists(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_with_own_lists(item) for item in value)
    return value


PUBLIC = {
    function.__name__: function
    for function in (
        gradients,
        trained,
        stepped,
        evaluated,
        predicted,
        symbolic_shape,
        saved_and_loaded,
        seed,
        imported,
        arguments_after,
    )
}
