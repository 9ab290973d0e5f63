"""Graphs of numbers, to walk backwards over: what `backward` needs, and no more.

A node of a graph is any object with four attributes:

    data      the array that was computed
    inputs    the nodes that it was computed from; none for a leaf
    rule      a function from ∂L/∂node to ∂L/∂input, one for each of the inputs
    gradient  ∂L/∂node, once it is known

`Tensor` of u02_autograd is one, and so is `Node` here, which only adds its inputs up.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Node:
    """A weighted sum of other nodes: data = Σ weight · input.

    Args:
        inputs: The nodes that are added up. One may come more than once.
        weights: A number for each of them.
        data: The array of a leaf, or what is added to the sum.
        label: What the node is called.

    Attributes:
        asked: How many times `rule` has been called.
    """

    def __init__(
        self,
        inputs: Sequence["Node"] = (),
        weights: Sequence[float] = (),
        data: ArrayLike = 0.0,
        label: int | str = "",
    ):
        total = np.asarray(data)
        for node, weight in zip(inputs, weights, strict=True):
            total = total + weight * node.data
        self.data: NDArray = np.asarray(total)
        self.inputs, self.weights = tuple(inputs), tuple(weights)
        self.gradient: NDArray | None = None
        self.label, self.asked = label, 0

    def rule(self, gradient: NDArray) -> list[NDArray]:
        """∂L/∂input for each input: the weight times ∂L/∂self.

        A weight of 1 hands on the array itself, as an addition of tensors does.
        """
        self.asked += 1
        return [gradient if w == 1 else w * gradient for w in self.weights]

    def __repr__(self) -> str:
        return f"Node {self.label}"


def graph(weights: ArrayLike, data: ArrayLike) -> list[Node]:
    """The nodes 0, 1, 2, … of a graph, each a weighted sum of some before it.

    Args:
        weights: A matrix (n, n): node k takes weights[k, j] of node j. Where there is
            a 0, or on and above the diagonal, j is no input of k.
        data: n arrays of one shape, one for each node.
    """
    nodes: list[Node] = []
    for k, row in enumerate(np.asarray(weights)):
        used = [j for j in range(k) if row[j] != 0]
        inputs, factors = [nodes[j] for j in used], [float(row[j]) for j in used]
        nodes.append(Node(inputs, factors, np.asarray(data)[k], label=k))
    return nodes


def chain(length: int, weight: float = 1.0, data: ArrayLike = 1.0) -> list[Node]:
    """The first and the last node of a chain with `length` steps, labelled 0, 1, 2, …

    Each node is `weight` times the one before.
    """
    first = last = Node(data=data, label=0)
    for k in range(1, length + 1):
        last = Node([last], [weight], label=k)
    return [first, last]
