"""The way back through a graph of tensors.

A node is any object with `data`, `inputs`, `rule` and `gradient`: a `Tensor`, or the
`Node` of `course.graphs`. `rule(∂L/∂node)` gives ∂L/∂input for each of `inputs`, in
their order; a leaf has no inputs, and its rule is never called.

Graphs get deep: a loop over 100,000 time steps makes a chain of 100,000 nodes. Python
gives up at 1,000 calls inside each other, so both functions are loops.
"""

import numpy as np


def topological_order(tensor):
    """All nodes that `tensor` was computed from, and itself, each after its inputs.

    Args:
        tensor: The node at the end.

    Returns:
        A list in which every node stands once, behind all of its inputs. `tensor` is
        the last.
    """
    raise NotImplementedError("A list of the nodes, inputs first.")


def backward(tensor, gradient=None):
    """Fills in `gradient` of `tensor` and of every node that it was computed from.

        ∂L/∂x = Σ over all uses of x: what the rule of that use gives for x

    A rule is called once, with the whole gradient of its node. What `gradient` was
    before does not count. The arrays that the rules give are left as they are: a rule
    may have handed on the gradient of another node.

    Args:
        tensor: The node at the end.
        gradient: ∂L/∂tensor, of its shape. May be left out for a single number: 1.

    Raises:
        ValueError: If the gradient of an array is left out, or has another shape.
    """
    if gradient is None and tensor.data.size != 1:
        raise ValueError(
            f"A tensor of shape {tensor.data.shape} needs a gradient to begin with: "
            "backward(tensor, gradient)."
        )
    if gradient is None:
        gradient = np.ones(tensor.data.shape)
    gradient = np.asarray(gradient, tensor.data.dtype)
    if gradient.shape != tensor.data.shape:
        raise ValueError(
            f"The gradient has shape {gradient.shape}, the tensor {tensor.data.shape}."
        )
    raise NotImplementedError(
        "Forget the old gradients, then from the end to the leaves."
    )
