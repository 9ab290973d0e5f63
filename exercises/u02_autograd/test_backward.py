"""Public checks of backward. The oracle is linear algebra.

The graphs are made of `Node`s of `course.graphs`: node k is a weighted sum of nodes
before it. With the weights in a matrix W and e for the last node, the gradients g of
all nodes solve g = Wᵀ g + e.
"""

import numpy as np
import pytest


def nodes_of(student, weights, data):
    """The nodes of a graph, on the submission's side."""
    return student.imported("course.graphs.graph")(weights, data)


def random_weights(rng, size=8):
    """Each node takes about half of those before it, and always its neighbour."""
    used = rng.random((size, size)) < 0.5
    used |= np.eye(size, k=-1, dtype=bool)
    return np.tril(used * rng.uniform(0.5, 1.5, size=(size, size)), -1)


def diamonds(steps):
    """x, two nodes from x, their sum, two nodes from the sum, … : 2^steps paths."""
    weights = np.zeros((3 * steps + 1, 3 * steps + 1))
    for k in range(0, 3 * steps, 3):
        weights[[k + 1, k + 2], k] = 0.5
        weights[k + 3, [k + 1, k + 2]] = 1
    return weights


def expected_gradients(weights, upstream):
    """(n, …): for each node Σ over all paths to the last node, as a linear system."""
    last = np.zeros((len(weights), upstream.size))
    last[-1] = upstream.ravel()
    found = np.linalg.solve(np.eye(len(weights)) - weights.T, last)
    return found.reshape(len(weights), *upstream.shape)


def labels(order, equal):
    """The labels of the nodes in a list, once it is known to be a list of nodes."""
    kind = "a list" if isinstance(order, list | tuple) else repr(order)
    equal(kind, "a list", "what topological_order returns")
    return [getattr(item, "label", repr(item)) for item in order]


def judge(close, nodes, weights, upstream):
    for k, right in enumerate(expected_gradients(weights, upstream)):
        close(nodes[k].gradient, right, f"gradient of node {k} of {len(nodes)}",
              category="wrong_gradient")  # fmt: skip


def test_order_of_a_chain_begins_with_its_first_node(student, equal):
    _, last = student.imported("course.graphs.chain")(4)
    found = labels(student.topological_order(last), equal)
    equal(found, [0, 1, 2, 3, 4], "the order")


def test_order_of_a_leaf_is_the_leaf_alone(student, equal):
    (leaf,) = nodes_of(student, np.zeros((1, 1)), np.ones(1))
    equal(labels(student.topological_order(leaf), equal), [0], "the order")


def test_order_has_every_node_once(student, rng, equal):
    nodes = nodes_of(student, random_weights(rng), rng.normal(size=8))
    found = labels(student.topological_order(nodes[-1]), equal)
    equal(sorted(map(str, found)), list("01234567"), "the nodes in the order, sorted,")


@pytest.mark.points(2)
@pytest.mark.needs("test_order_has_every_node_once")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_order_has_every_node_after_its_inputs(student, rng, equal, number):
    weights = random_weights(rng)
    nodes = nodes_of(student, weights, rng.normal(size=8))
    place = {
        label: place
        for place, label in enumerate(
            labels(student.topological_order(nodes[-1]), equal)
        )
    }
    early = [
        f"{k} before its input {j}"
        for k, j in np.argwhere(weights)
        if place.get(k, -1) < place.get(j, len(weights))
    ]
    equal(early, [], "what comes too early")


@pytest.mark.parametrize("inputs", ["ax", "xa"])
def test_order_where_a_long_way_and_a_short_one_meet(student, equal, inputs):
    node = student.imported("course.graphs.Node")
    x = node(label="x")
    nodes = {"x": x, "a": node([node([x], [2], label="b")], [2], label="a")}
    end = node([nodes[name] for name in inputs], [2, 3], label="end")
    found = labels(student.topological_order(end), equal)
    equal(found, ["x", "b", "a", "end"], "the order")


def test_order_has_nothing_but_what_the_node_was_computed_from(student, rng, equal):
    weights = random_weights(rng)
    weights[3:, 2] = weights[5:, 4] = 0  # nobody uses nodes 2 and 4
    weights[5:, 3] = weights[3, :2] = 1  # and 7 everything else
    nodes = nodes_of(student, weights, rng.normal(size=8))
    found = labels(student.topological_order(nodes[-1]), equal)
    equal(sorted(map(str, found)), list("013567"), "the nodes in the order, sorted,")


@pytest.mark.points(2)
def test_gradients_multiply_along_a_chain(student, rng, close):
    weights = np.diag(rng.uniform(0.5, 2, size=4), k=-1)
    nodes = nodes_of(student, weights, rng.normal(size=5))
    student.backward(nodes[-1])
    judge(close, nodes, weights, np.ones(()))


@pytest.mark.points(2)
def test_gradients_add_up_where_a_node_is_used_twice(student, rng, close):
    weights = np.zeros((4, 4))
    weights[[1, 2], 0], weights[3, [1, 2]] = rng.uniform(0.5, 2, size=(2, 2))
    nodes = nodes_of(student, weights, rng.normal(size=4))
    student.backward(nodes[-1])
    judge(close, nodes, weights, np.ones(()))


def test_gradients_add_up_where_a_node_uses_another_twice(student, rng, close):
    first, second = rng.uniform(0.5, 2, size=2)
    node = student.imported("course.graphs.Node")
    leaf = node(data=rng.normal(size=3))
    upstream = rng.normal(size=3)
    student.backward(node([leaf, leaf], [first, second]), upstream)
    close(leaf.gradient, (first + second) * upstream, "gradient of x in a·x + b·x",
          category="wrong_gradient")  # fmt: skip


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(), (2, 3)])
def test_gradients_in_random_graphs(student, rng, close, shape):
    weights, upstream = random_weights(rng), rng.normal(size=shape)
    nodes = nodes_of(student, weights, rng.normal(size=(8, *shape)))
    student.backward(nodes[-1], upstream)
    judge(close, nodes, weights, upstream)


def test_adding_up_changes_no_other_gradient(student, rng, close):
    weights = np.zeros((4, 4))
    weights[2, [0, 1]] = 1  # node 2 hands on its own gradient, the same array twice
    weights[3, [0, 2]] = 1, rng.uniform(2, 3)  # and node 3 its own, to node 0
    upstream = rng.normal(size=3)
    nodes = nodes_of(student, weights, rng.normal(size=(4, 3)))
    student.backward(nodes[-1], upstream)
    judge(close, nodes, weights, upstream)


def test_every_rule_is_called_once(student, rng, equal):
    weights = diamonds(8)
    nodes = nodes_of(student, weights, rng.normal(size=len(weights)))
    student.backward(nodes[-1])
    asked = [node.asked for node in nodes]
    equal(asked, [0] + 24 * [1], "how often each rule was called, leaf first,")


def test_a_second_backward_begins_afresh(student, rng, close):
    weights = random_weights(rng, size=5)
    nodes = nodes_of(student, weights, rng.normal(size=5))
    student.backward(nodes[-1], 2.0)
    student.backward(nodes[-1], -3.0)
    judge(close, nodes, weights, np.array(-3.0))


@pytest.mark.needs("test_order_of_a_chain_begins_with_its_first_node")
def test_order_of_a_chain_of_3000_nodes(student, equal):
    _, last = student.imported("course.graphs.chain")(3000)
    found = labels(student.topological_order(last), equal)
    equal(len(found), 3001, "the number of nodes in the order")
    equal(found[::500], list(range(0, 3001, 500)), "every 500th label in the order")


@pytest.mark.needs("test_gradients_multiply_along_a_chain")
def test_gradients_of_a_chain_of_3000_nodes(student, rng, close):
    weight = 1 + 1e-3 * rng.uniform(0.5, 1)
    first, last = student.imported("course.graphs.chain")(3000, weight)
    student.backward(last)
    close(first.gradient, weight**3000, "gradient of the first node",
          category="wrong_gradient")  # fmt: skip
