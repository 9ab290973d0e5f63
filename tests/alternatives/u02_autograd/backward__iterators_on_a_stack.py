"""Depth first, with an iterator over the inputs for each node that waits."""

import warnings

import numpy as np


def topological_order(tensor):
    print("ordering")
    warnings.warn("and on stderr", stacklevel=2)
    done, order = {tensor}, []
    path = [(tensor, iter(tensor.inputs))]
    while path:
        node, inputs = path[-1]
        given = next((i for i in inputs if i not in done), None)
        if given is None:
            path.pop()
            order.append(node)
        else:
            done.add(given)
            path.append((given, iter(given.inputs)))
    return tuple(order)


def backward(tensor, gradient=None):
    shape, dtype = tensor.data.shape, tensor.data.dtype
    if gradient is None and tensor.data.size == 1:
        gradient = np.ones(shape)
    if gradient is None or np.shape(gradient) != shape:
        raise ValueError(f"a gradient of shape {shape} is needed")
    nodes = topological_order(tensor)
    for node in nodes:
        node.gradient = np.zeros(node.data.shape, node.data.dtype)
    tensor.gradient = np.asarray(gradient, dtype)
    k = len(nodes)
    while k:
        k -= 1
        if not nodes[k].inputs:
            continue
        parts = nodes[k].rule(nodes[k].gradient)
        for j in range(len(parts)):
            given = nodes[k].inputs[j]
            given.gradient = np.add(given.gradient, parts[j])
