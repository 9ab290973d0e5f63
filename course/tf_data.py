"""Layers in a tf.data pipeline, also while Keras computes with PyTorch.

tf.data runs what is mapped over it once, on tensors without values, and keeps the graph
of TensorFlow's operations that this leaves behind. With TensorFlow as its backend,
keras.ops adds to that graph. PyTorch's operations can't stand in it. What can is a call
back into Python, `tf.numpy_function`: while the pipeline runs it hands over arrays, and
the layer computes with them as it always does.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import keras
from keras import tree


def has_values(tensor: Any) -> bool:
    """Whether there are numbers in it: none yet in a graph, of Keras or of TensorFlow."""
    return not (isinstance(tensor, keras.KerasTensor) or _in_a_graph(tensor))


def also_in_tf_data(method: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a layer's method take tensors of a tf.data pipeline on every backend.

    Its first argument holds the tensors: one, or dicts of them. What it returns keeps
    dtypes and known sizes in the pipeline.
    """

    @functools.wraps(method)
    def anywhere(layer: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if keras.config.backend() == "tensorflow" or not any(
            _in_a_graph(tensor) for tensor in tree.flatten(inputs)
        ):
            return method(layer, inputs, *args, **kwargs)
        return _called_back(
            lambda arrays: method(layer, arrays, *args, **kwargs), inputs
        )

    return anywhere


def _in_a_graph(tensor: Any) -> bool:
    tensorflow = sys.modules.get("tensorflow")  # if nobody has it, there is no graph
    return tensorflow is not None and tensorflow.is_symbolic_tensor(tensor)


class _Traced(keras.Operation):
    """A function whose results' shapes and dtypes Keras can find out."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.call = function


def _called_back(function: Callable[..., Any], inputs: Any) -> Any:
    """`function` as one node of the graph of TensorFlow that is being made."""
    import tensorflow as tf

    with tf.init_scope():  # out of the graph, or Keras would go on writing into it
        promised = _Traced(function).compute_output_spec(
            tree.map_structure(
                lambda t: keras.KerasTensor(tuple(t.shape), t.dtype.name), inputs
            )
        )

    def compute(*arrays: Any) -> list[Any]:
        found = function(tree.pack_sequence_as(inputs, arrays))
        return [keras.ops.convert_to_numpy(tensor) for tensor in tree.flatten(found)]

    specs = tree.flatten(promised)
    tensors = tf.numpy_function(
        compute, tree.flatten(inputs), [spec.dtype for spec in specs]
    )
    for tensor, spec in zip(tensors, specs, strict=True):
        tensor.set_shape(spec.shape)
    return tree.pack_sequence_as(promised, tensors)
