"""Hidden checks of FCNN: training, odd sizes, precisions, bookkeeping."""

import keras
import numpy as np
import pytest
from keras import layers


def both(student, rng, shape, units, num_classes, dropout_rate, **kwargs):
    """The student's network and its twin with the same random weights, and an input."""
    given = keras.Input(shape, dtype="float32")
    x = layers.Flatten(**kwargs)(given)
    for width in units:
        x = layers.Dense(width, use_bias=False, **kwargs)(x)
        x = layers.BatchNormalization(momentum=0.9, **kwargs)(x)
        x = layers.ReLU(**kwargs)(x)
        x = layers.Dropout(dropout_rate, **kwargs)(x)
    twin = keras.Model(given, layers.Dense(num_classes, **kwargs)(x))
    values = []
    for weight in twin.weights:
        low = 0.5 if weight.name == "moving_variance" else -1
        values.append(rng.uniform(low, 1.5, size=weight.shape).astype("float32"))
    twin.set_weights(values)
    model = student.FCNN(units, num_classes, dropout_rate, **kwargs)
    model.build((None, *shape))
    model.set_weights(values)
    return model, twin, rng.normal(size=(5, *shape)).astype("float32")


def flowers(rng, count):
    """Six clouds of points around a circle, opposite ones of the same species.

    No straight line parts the three species. The other two features are noise.
    """
    cloud = rng.integers(0, 6, size=count)
    angle = cloud * np.pi / 3
    centers = np.stack([np.cos(angle), np.sin(angle), 0 * angle, 0 * angle], axis=1)
    x = 2 * centers + 0.3 * rng.normal(size=(count, 4))
    return x.astype("float32"), (cloud % 3).astype("int64")


@pytest.mark.points(3)
@pytest.mark.trains
@pytest.mark.seconds(60)
def test_learns_what_no_straight_line_can_part(student, rng, equal):
    x, y = flowers(rng, 240)
    model = student.FCNN((32, 16), 3, 0.1)
    loss = {
        "class_name": "SparseCategoricalCrossentropy",
        "config": {"from_logits": True},
    }
    student.trained(
        model, x, y, epochs=25, batch_size=24, learning_rate=0.01, loss=loss
    )
    x, y = flowers(rng, 300)
    logits = model.predict(x, verbose=0)
    equal(getattr(logits, "shape", None), (300, 3), "the shape of the prediction")
    right = np.mean(np.argmax(logits, axis=1) == y)
    equal(bool(right > 0.9), True, "whether nine of ten new points are told right")


@pytest.mark.parametrize(
    "shape, units, num_classes",
    [((5,), (), 3), ((1,), (1,), 1), ((2, 1, 3), (4, 9, 2, 5), 6)],
    ids=["no hidden block", "one of everything", "four blocks"],
)
def test_any_number_of_blocks(student, rng, close, shape, units, num_classes):
    model, twin, inputs = both(student, rng, shape, units, num_classes, 0.3)
    close(model(inputs), twin(inputs))


def test_one_example_gets_the_same_as_in_a_batch(student, rng, close):
    model, twin, inputs = both(student, rng, (3, 4), (7, 6), 4, 0.5)
    close(model(inputs[1:2]), twin(inputs)[1:2])


@pytest.mark.points(2)
def test_predicts_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, twin, inputs = both(student, rng, (3, 4), (7, 6), 4, 0.5)
    close(student.predicted(model, inputs), twin(inputs))


def test_hands_its_precision_on_to_the_layers(student, rng, close, equal):
    model, twin, inputs = both(
        student, rng, (5,), (7, 6), 4, 0.5, dtype="mixed_bfloat16"
    )
    logits = model(inputs)
    equal(str(getattr(logits, "dtype", None)), "bfloat16", "the dtype of the logits")
    close(logits, twin(inputs))


def test_drops_about_the_share_of_its_rate(student, rng, close):
    model, _, inputs = both(student, rng, (4,), (400,), 1, 0.25)
    kernel, gamma, *statistics, last, bias = (
        model.get_weights()[:1]
        + [
            np.zeros(400, "float32"),  # gamma = 0 and beta = 1 make every unit 1
            np.ones(400, "float32"),
            *model.get_weights()[3:5],
            np.ones((400, 1), "float32"),
            np.zeros(1, "float32"),
        ]
    )
    model.set_weights([kernel, gamma, *statistics, last, bias])
    outputs = model(
        np.repeat(inputs, 40, axis=0), training=True
    )  # the sum of 400 units
    close(np.mean(outputs, dtype="float64"), 400.0, "the mean sum of 400 units",
          tolerance=0.02)  # fmt: skip
    spread = np.sqrt(400 * 0.25 / 0.75)  # of a binomial number, scaled
    close(np.std(outputs, dtype="float64"), spread, "the spread of the sum",
          tolerance=0.5)  # fmt: skip


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, twin, inputs = both(student, rng, (3, 4), (7, 6), 4, 0.5)
    close(model(inputs), twin(inputs))
    promised = student.symbolic_shape(model, (None, 3, 4))
    equal(promised, (None, 4), "the promised shape")


def test_refuses_what_makes_no_network(student, rng, close, raises):
    model, twin, inputs = both(student, rng, (5,), (7, 6), 4, 0.5)
    close(model(inputs), twin(inputs))
    raises(ValueError, student.FCNN, (7, 0), 4, 0.5)
    raises(ValueError, student.FCNN, (7, 6), 0, 0.5)
    raises(ValueError, student.FCNN, (7, 6), 4, 1.5)
    raises(ValueError, student.FCNN((7,), 4, 0.5).build, (None, None))
