"""Kahn's way: a node is ready when all of its uses are done. Sums at the end."""

import collections

import numpy as np


def uses_of(tensor):
    """How often each node is an input, and the nodes themselves, by id."""
    nodes, uses = {id(tensor): tensor}, collections.Counter()
    ahead = collections.deque([tensor])
    while ahead:
        for given in ahead.popleft().inputs:
            uses[id(given)] += 1
            if id(given) not in nodes:
                nodes[id(given)] = given
                ahead.append(given)
    return nodes, uses


def topological_order(tensor):
    _, uses = uses_of(tensor)
    ready, found = [tensor], collections.deque()
    while ready:
        node = ready.pop()
        found.appendleft(node)
        for given in node.inputs:
            uses[id(given)] -= 1
            if not uses[id(given)]:
                ready.append(given)
    return list(found)


def backward(tensor, gradient=None):
    if gradient is None:
        if np.size(tensor.data) != 1:
            raise ValueError("which gradient?")
        gradient = np.ones_like(tensor.data)
    gradient = np.array(gradient, dtype=tensor.data.dtype)
    if np.shape(gradient) != np.shape(tensor.data):
        raise ValueError("the shapes differ")
    collected = collections.defaultdict(list)
    collected[id(tensor)].append(gradient)
    for node in topological_order(tensor)[::-1]:
        node.gradient = np.sum(np.stack(collected.pop(id(node))), axis=0)
        if not node.inputs:
            continue
        for given, part in zip(node.inputs, node.rule(node.gradient), strict=True):
            collected[id(given)].append(part)
