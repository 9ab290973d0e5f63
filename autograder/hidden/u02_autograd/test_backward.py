"""Hidden checks of backward: precision, wide graphs, inner nodes, refusals."""

import numpy as np
import pytest


def judge(close, node, expected, name):
    close(node.gradient, expected, f"gradient of {name}", category="wrong_gradient")


def two_sums(student, rng, shape=(2, 3), dtype="float64"):
    """x and y, u = a·x + b·y, v = c·x + d·u; and the four numbers."""
    node = student.imported("course.graphs.Node")
    a, b, c, d = (float(weight) for weight in rng.uniform(0.5, 2, size=4))
    x, y = (node(data=rng.normal(size=shape).astype(dtype)) for _ in range(2))
    u = node([x, y], [a, b], data=np.zeros((), dtype))
    v = node([x, u], [c, d], data=np.zeros((), dtype))
    return (x, y, u, v), (a, b, c, d)


def test_the_end_and_the_middle_have_gradients_too(student, rng, close):
    (x, y, u, v), (a, b, c, d) = two_sums(student, rng)
    upstream = rng.normal(size=(2, 3))
    student.backward(v, upstream)
    judge(close, v, upstream, "the end")
    judge(close, u, d * upstream, "the node in the middle")
    judge(close, x, (c + d * a) * upstream, "x")
    judge(close, y, d * b * upstream, "y")


def test_float32_stays_float32(student, rng, close):
    (x, *_, v), (a, _, c, d) = two_sums(student, rng, dtype="float32")
    upstream = rng.normal(size=(2, 3))
    student.backward(v, upstream)
    judge(close, x, ((c + d * a) * upstream).astype("float32"), "x")


def test_of_a_leaf_the_gradient_is_what_is_given(student, rng, close):
    leaf = student.imported("course.graphs.Node")(data=rng.normal(size=(2, 1)))
    upstream = rng.normal(size=(2, 1))
    student.backward(leaf, upstream)
    judge(close, leaf, upstream, "the leaf")


def test_one_number_begins_with_1_whatever_its_shape(student, rng, close):
    (x, *_, v), (a, _, c, d) = two_sums(student, rng, shape=(1, 1))
    student.backward(v)
    judge(close, x, np.full((1, 1), c + d * a), "x")


def test_a_pass_from_the_middle_leaves_what_comes_after(student, rng, close):
    (x, _, u, v), (a, *_) = two_sums(student, rng)
    first, second = rng.normal(size=(2, 2, 3))
    student.backward(v, first)
    student.backward(u, second)
    judge(close, v, first, "the end, from the pass before")
    judge(close, x, a * second, "x")


def test_the_gradient_that_is_given_stays_as_it_is(student, rng, close):
    (*_, v), _ = two_sums(student, rng)
    upstream = rng.normal(size=(2, 3))
    _, after = student.arguments_after(student.backward, v, upstream)
    close(after, upstream, "the gradient that was given, afterwards")


def test_a_leaf_with_thousands_of_uses(student, rng, close):
    uses = 3000
    node = student.imported("course.graphs.Node")
    leaf = node(data=rng.normal())
    weights = [float(weight) for weight in rng.uniform(size=uses)]
    student.backward(node(uses * [leaf], weights))
    judge(close, leaf, sum(weights), "the leaf")


@pytest.mark.parametrize("width", [2, 5])
def test_layers_in_which_each_node_uses_all_before_it(student, rng, close, width):
    layers = [np.ones(width)]
    weights = np.zeros((6 * width + 1, 6 * width + 1))
    for k in range(1, 6):
        here, before = (
            slice(k * width, (k + 1) * width),
            slice((k - 1) * width, k * width),
        )
        weights[here, before] = rng.uniform(0.5, 1, size=(width, width))
    weights[-1, 5 * width : -1] = 1
    nodes = student.imported("course.graphs.graph")(weights, np.ones(len(weights)))
    student.backward(nodes[-1])
    for k in range(5, 0, -1):
        here, before = (
            slice(k * width, (k + 1) * width),
            slice((k - 1) * width, k * width),
        )
        layers.append(layers[-1] @ weights[here, before])
    for k in range(width):
        judge(close, nodes[k], layers[-1][k], f"leaf {k}")


def test_order_of_a_node_that_uses_another_twice(student, equal):
    node = student.imported("course.graphs.Node")
    leaf = node(label="leaf")
    order = student.topological_order(node([leaf, leaf], [1, 2], label="end"))
    kind = "a list" if isinstance(order, list | tuple) else repr(order)
    equal(kind, "a list", "what topological_order returns")
    equal([getattr(n, "label", n) for n in order], ["leaf", "end"], "the order")


def test_refuses_an_array_without_a_gradient_or_with_one_of_another_shape(
    student, rng, close, raises
):
    (x, *_, v), (a, _, c, d) = two_sums(student, rng)
    upstream = rng.normal(size=(2, 3))
    student.backward(v, upstream)
    judge(close, x, (c + d * a) * upstream, "x")
    raises(ValueError, student.backward, v)
    raises(ValueError, student.backward, v, rng.normal(size=(3, 2)))


def test_a_chain_of_100_000_nodes(student, rng, close, equal):
    weight = 1 + 1e-5 * rng.uniform(0.5, 1)
    first, last = student.imported("course.graphs.chain")(100_000, weight)
    equal(len(student.topological_order(last)), 100_001, "the number of nodes")
    student.backward(last)
    judge(close, first, weight**100_000, "the first node")
