"""The pictures: what is in them, and that all of it can be read."""

import subprocess
import sys

import matplotlib.style
import numpy as np
import pytest
from matplotlib import colors
from matplotlib.contour import QuadContourSet
from matplotlib.text import Text
from sklearn import metrics

from course import plots
from course.data import load
from course.plots.roofline import Point
from course.plots.style import PALETTE, new_figure

CIFAR = ["airplane", "automobile", "bird", "cat", "deer"]
CIFAR += ["dog", "frog", "horse", "ship", "truck"]
HISTORY = {
    "accuracy": [0.3, 0.7, 0.81, 0.9],
    "loss": [2.1, 1.0, 0.5, 0.41],
    "val_accuracy": [0.4, 0.6, 0.8, 0.89],
    "val_loss": [1.9, 1.1, 0.6, 0.42],
}


def above_the_line(points):
    return points @ [1, 3] > 2


def some_predictions(classes, images=40):
    """True labels, and probabilities of which about half are right."""
    rng = np.random.default_rng(classes)
    labels = np.resize(np.arange(classes), images)
    scores = rng.normal(size=(images, classes)) + 2 * np.eye(classes)[labels]
    probabilities = np.exp(scores)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def draw_decision_boundary():
    data = load("xor", samples=40, noise=0.1)
    return plots.decision_boundary(above_the_line, data.x_train, data.y_train)


def draw_training_curves():
    return plots.training_curves(HISTORY)


def draw_confusion_matrix():
    labels, probabilities = some_predictions(10)
    return plots.confusion_matrix(labels, probabilities.argmax(axis=1), CIFAR)


def draw_filters():
    return plots.filters(np.random.default_rng(0).normal(size=(3, 2, 4, 5)))


def draw_prediction_grid():
    labels, probabilities = some_predictions(10, images=6)
    return plots.prediction_grid(load("digits").x_test[:6], labels, probabilities)


def draw_roofline(names=("NumPy, loops", "im2col", "Winograd 2×2", "Conv2D", "Keras")):
    """Two tasks; on the second all ways come close to each other."""
    rates = {
        "1×1": np.geomspace(1e7, 3e10, len(names)),
        "3×3": np.full(len(names), 2e10),
    }
    intensity = {"1×1": 3.0, "3×3": 60.0}
    points = [
        Point(name, column, intensity[column], rate)
        for column, found in rates.items()
        for name, rate in zip(names, found, strict=True)
    ]
    return plots.roofline(points, 6e10, 1.1e10, "An invented processor")


every_picture = pytest.mark.parametrize(
    "draw",
    [
        draw_confusion_matrix,
        draw_decision_boundary,
        draw_filters,
        draw_prediction_grid,
        draw_roofline,
        draw_training_curves,
    ],
)


@every_picture
def test_nothing_drawn_is_cut_off_at_the_edge(draw):
    figure = draw()
    figure.draw_without_rendering()  # Lays it out.
    drawn = figure.get_tightbbox()  # In inches, as the figure's size is.
    width, height = figure.get_size_inches()
    assert -0.03 < drawn.x0 < drawn.x1 < width + 0.03
    assert -0.03 < drawn.y0 < drawn.y1 < height + 0.03


@every_picture
def test_the_readers_own_style_changes_nothing_and_is_left_alone(draw, tmp_path):
    usual = plots.save(draw(), tmp_path / "usual.png").read_bytes()
    with matplotlib.style.context("dark_background"):
        before = dict(matplotlib.rcParams)
        dark = plots.save(draw(), tmp_path / "dark.png").read_bytes()
        assert dict(matplotlib.rcParams) == before
    assert dark == usual


@every_picture
def test_a_notebook_shows_the_returned_figure(draw):
    assert draw()._repr_png_().startswith(b"\x89PNG\r\n")


def test_pyplot_is_never_imported():
    code = "import sys, course.plots; print('matplotlib.pyplot' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False", out.stderr


@every_picture
def test_no_figure_is_left_open(draw):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    draw()
    assert pyplot.get_fignums() == before


def regions(axes):
    """The filled regions of a decision boundary, by the class's colour."""
    filled = [c for c in axes.collections if isinstance(c, QuadContourSet) and c.filled]
    return {colors.to_hex(c.get_facecolor()[0]): c.get_paths()[0] for c in filled}


def scores_above_the_line(points):
    distance = points @ [1, 3] - 2
    return np.stack([-distance, distance, np.full_like(distance, -9)], axis=1)


@pytest.mark.parametrize("predict", [above_the_line, scores_above_the_line])
def test_each_region_is_where_its_class_is_predicted(predict):
    corners = np.array([(0, 0), (0, 1), (3, 0), (3, 1)])
    axes = plots.decision_boundary(predict, corners, [0, 1, 1, 0]).axes[0]
    found = regions(axes)
    assert set(found) == set(PALETTE[:2])
    rng = np.random.default_rng(0)
    for point in rng.uniform((-0.1, -0.1), (3.1, 1.1), (200, 2)):
        if abs(point @ [1, 3] - 2) > 0.05:
            winner = int(above_the_line(point))
            assert found[PALETTE[winner]].contains_point(point)
            assert not found[PALETTE[1 - winner]].contains_point(point)


def test_every_point_is_drawn_with_its_class_inside_the_limits():
    data = load("swiss_roll", samples=30)
    names = data.class_names
    figure = plots.decision_boundary(above_the_line, data.x_train, data.y_train, names)
    axes = figure.axes[0]
    handles, labels = axes.get_legend_handles_labels()
    assert tuple(labels) == names
    for k, points in enumerate(handles):
        np.testing.assert_allclose(
            points.get_offsets(), data.x_train[data.y_train == k]
        )
    assert not np.array_equal(
        handles[0].get_paths()[0].vertices, handles[1].get_paths()[0].vertices
    )
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    assert (low < data.x_train.min(axis=0)).all()
    assert (high > data.x_train.max(axis=0)).all()


@pytest.mark.parametrize(
    "predict",
    [
        lambda points: points[:, :1],
        lambda points: points[:, 0],
        lambda points: points[1:, 0] > 0,
        lambda points: np.where(points[:, 0] > 0, 1, -1),
    ],
    ids=["one column", "probabilities", "a point short", "minus one"],
)
def test_predictions_that_are_no_classes_raise_and_give_the_shape(predict):
    data = load("xor")
    with pytest.raises(ValueError, match=r"returned \w+ of shape \("):
        plots.decision_boundary(predict, data.x_train, data.y_train, resolution=5)


def test_more_than_two_features_have_no_plane():
    data = load("iris")
    with pytest.raises(ValueError, match=r"\(119, 4\)"):
        plots.decision_boundary(above_the_line, data.x_train, data.y_train)


def test_curves_hold_the_history_loss_first_and_epochs_from_one():
    figure = plots.training_curves(HISTORY)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["loss", "accuracy"]
    for axes, measure in zip(figure.axes, ["loss", "accuracy"], strict=True):
        training, validation = axes.lines
        np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
        np.testing.assert_array_equal(training.get_ydata(), HISTORY[measure])
        np.testing.assert_array_equal(validation.get_ydata(), HISTORY["val_" + measure])
        assert training.get_linestyle() != validation.get_linestyle()


def test_labels_of_curves_that_end_together_do_not_overlap():
    figure = plots.training_curves({"loss": [9, 1.001], "val_loss": [9, 1.0]})
    figure.draw_without_rendering()
    training, validation = figure.axes[0].texts
    assert {training.get_text(), validation.get_text()} == {
        "training 1",
        "validation 1",
    }
    assert not training.get_window_extent().overlaps(validation.get_window_extent())


def test_each_label_has_its_lines_color_and_last_value():
    axes = plots.training_curves(HISTORY).axes[0]
    labels = {text.get_text(): text.get_color() for text in axes.texts}
    training, validation = (line.get_color() for line in axes.lines)
    assert labels == {"training 0.41": training, "validation 0.42": validation}


def test_a_training_that_diverged_says_so():
    nan = float("nan")
    figure = plots.training_curves({"loss": [2, 3, nan], "val_loss": [nan, nan, nan]})
    axes = figure.axes[0]
    assert {t.get_text() for t in axes.texts} == {"training nan", "validation nan"}
    assert axes.get_xlim() == (1, 3)
    assert all(0 <= t.get_position()[1] <= 1 for t in axes.texts)


@pytest.mark.parametrize("history", [{}, {"loss": []}])
def test_a_history_without_epochs_raises(history):
    with pytest.raises(ValueError, match="history is empty"):
        plots.training_curves(history)


@pytest.mark.parametrize("classes", [3, 10])
def test_shades_and_numbers_are_those_of_scikit_learn(classes):
    labels, probabilities = some_predictions(classes)
    predictions = probabilities.argmax(axis=1)
    axes = plots.confusion_matrix(labels, predictions).axes[0]
    counts = metrics.confusion_matrix(labels, predictions)
    shares = metrics.confusion_matrix(labels, predictions, normalize="true")
    np.testing.assert_allclose(axes.images[0].get_array(), shares)
    assert axes.images[0].get_clim() == (0, 1)
    written = {text.get_position(): int(text.get_text()) for text in axes.texts}
    assert written == {(j, i): count for (i, j), count in np.ndenumerate(counts)}
    assert f"{counts.trace()} of 40" in axes.get_title(loc="left")


def test_a_class_that_never_occurs_has_a_blank_row():
    axes = plots.confusion_matrix([0, 2, 2], [0, 1, 2], ["a", "b", "c"]).axes[0]
    shares = axes.images[0].get_array()
    assert not np.ma.is_masked(shares)  # As it would be for 0 / 0.
    np.testing.assert_array_equal(shares, [[1, 0, 0], [0, 0, 0], [0, 0.5, 0.5]])


def test_class_names_stand_at_both_sides_and_do_not_overlap():
    figure = draw_confusion_matrix()
    axes = figure.axes[0]
    figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_xticklabels()] == CIFAR
    assert [label.get_text() for label in axes.get_yticklabels()] == CIFAR
    upright = plots.confusion_matrix([0, 1, 2], [0, 1, 1], load("iris").class_names)
    upright.draw_without_rendering()
    boxes = [t.get_window_extent() for t in upright.axes[0].get_xticklabels()]
    assert boxes[0].x1 < boxes[1].x0 < boxes[1].x1 < boxes[2].x0


def luminance(color):
    """Of an sRGB color, as WCAG 2 defines it."""
    color = np.array(color[:3])
    linear = np.where(color > 0.04, ((color + 0.055) / 1.055) ** 2.4, color / 12.92)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_every_number_can_be_read_on_its_shade():
    labels = np.repeat(np.arange(20), 20)
    predictions = np.where(np.tile(np.arange(20), 20) < labels, labels, labels - 1)
    axes = plots.confusion_matrix(labels, predictions % 20).axes[0]
    shades = axes.images[0].to_rgba(axes.images[0].get_array())  # 0, 5, 10 … 100 %
    for text in axes.texts:
        column, row = text.get_position()
        ink = colors.to_rgb(text.get_color())
        dark, light = sorted([luminance(ink), luminance(shades[row, column])])
        assert (light + 0.05) / (dark + 0.05) > 3.5


@pytest.mark.parametrize(
    ("labels", "predictions", "names", "message"),
    [
        ([0, 1], [0], None, r"\(2,\) and \(1,\)"),
        ([], [], None, r"\(0,\)"),
        ([0, 3], [0, 1], ["a", "b"], "from 0 to 3, but there are 2"),
        ([0, -1], [0, 1], ["a", "b"], "from -1"),
    ],
)
def test_a_confusion_matrix_that_makes_no_sense_raises(
    labels, predictions, names, message
):
    with pytest.raises(ValueError, match=message):
        plots.confusion_matrix(labels, predictions, names)


def test_each_kernel_stands_in_its_filters_column_and_its_inputs_row():
    kernels = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    axes = plots.filters(kernels).axes[0]
    image = axes.images[0].get_array()
    rows, columns = axes.get_yticks(), axes.get_xticks()
    assert (len(rows), len(columns)) == (4, 5)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            top, left = int(row - 1), int(column - 0.5)
            np.testing.assert_array_equal(
                image[top : top + 3, left : left + 2], kernels[:, :, i, j]
            )
    assert np.ma.count(image) == kernels.size


def test_zero_is_the_middle_of_the_scale():
    kernels = np.array([0.5, -2.0, 1.0]).reshape(1, 3, 1, 1)
    assert plots.filters(kernels).axes[0].images[0].get_clim() == (-2, 2)
    assert plots.filters(0 * kernels).axes[0].images[0].get_clim() == (-1, 1)


def test_only_the_first_filters_are_shown_and_the_label_says_so():
    axes = plots.filters(np.ones((3, 3, 2, 40)), limit=4).axes[0]
    assert len(axes.get_xticks()) == 4
    assert axes.get_xlabel() == "filter (4 of 40)"
    assert axes.get_ylabel() == "input"


def test_kernels_that_cannot_be_drawn_raise():
    with pytest.raises(ValueError, match=r"\(3, 3, 2\)"):
        plots.filters(np.ones((3, 3, 2)))
    with pytest.raises(ValueError, match="NaN"):
        plots.filters(np.full((3, 3, 1, 1), np.nan))


def test_mistakes_come_first_the_most_confident_in_front():
    images = np.arange(5)[:, None, None, None] / 4 * np.ones((5, 4, 3, 1))
    probabilities = [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8], [0.45, 0.55]]
    figure = plots.prediction_grid(
        images, [0, 0, 0, 0, 1], probabilities, ["cat", "dog"], columns=2
    )
    shown = [axes for axes in figure.axes if axes.images]
    order = [round(4 * axes.images[0].get_array()[0, 0]) for axes in shown]
    assert order == [3, 1, 4, 2, 0]
    assert [axes.get_title() for axes in shown] == [
        "✗ dog (80%)\ntrue: cat",
        "✗ dog (60%)\ntrue: cat",
        "✓ dog (55%)",
        "✓ cat (70%)",
        "✓ cat (90%)",
    ]
    frames = [axes.patches[0].get_linewidth() for axes in shown]
    assert min(frames[:2]) > max(frames[2:])
    assert figure.get_suptitle() == "2 of 5 wrong, shown first"


def test_brightness_is_the_same_in_every_image():
    images = np.stack([np.full((4, 4, 1), 0.2), np.full((4, 4, 1), 0.6)])
    figure = plots.prediction_grid(images, [0, 1], np.eye(2))
    assert [axes.images[0].get_clim() for axes in figure.axes] == [(0, 1), (0, 1)]


def test_color_images_are_drawn_in_color_and_no_more_than_asked_for():
    images = np.random.default_rng(0).uniform(size=(9, 4, 5, 3))
    labels, probabilities = some_predictions(3, images=9)
    figure = plots.prediction_grid(images, labels, probabilities, limit=7)
    shown = [axes.images[0] for axes in figure.axes if axes.images]
    assert [image.get_array().shape for image in shown] == [(4, 5, 3)] * 7


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.ones((2, 4, 4)), [0, 1], r"got \(2, 4, 4\)"),
        (np.ones((2, 4, 4, 2)), [0, 1], r"got \(2, 4, 4, 2\)"),
        (np.ones((2, 4, 4, 1)), [0, 1, 1], r"got \(3,\) and \(2, 2\)"),
    ],
)
def test_images_and_labels_that_do_not_match_raise(images, labels, message):
    with pytest.raises(ValueError, match=message):
        plots.prediction_grid(images, labels, np.eye(2))


@pytest.mark.parametrize("name", ["curves", "curves.png", "new/folder/curves.png"])
def test_save_writes_a_png_and_returns_where(name, tmp_path):
    path = plots.save(draw_training_curves(), tmp_path / name)
    assert path.suffix == ".png"
    assert path.read_bytes().startswith(b"\x89PNG\r\n")


def test_save_names_the_folder_it_cannot_write_to(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(OSError, match=r"Can't write curves.png in .*taken.*Choose"):
        plots.save(new_figure(1, 1), tmp_path / "taken" / "curves.png")


def test_a_roof_is_as_high_as_memory_and_multiplication_allow():
    axes = draw_roofline().axes[0]
    roof = axes.lines[0]
    x, y = roof.get_data()
    np.testing.assert_allclose(y, np.minimum(1.1e10 * x, 6e10) / 1e9)
    assert y[0] < y[-1] == 60
    drawn = [line.get_data() for line in axes.lines if line.get_marker() != "None"]
    at = {
        (x, y) for xs, ys in drawn for x, y in zip(*np.atleast_1d(xs, ys), strict=True)
    }
    assert {(3.0, 0.01), (3.0, 30.0), (60.0, 20.0)} <= at


def test_names_of_points_that_lie_together_do_not_overlap():
    figure = draw_roofline()
    figure.draw_without_rendering()
    names = ("NumPy, loops", "im2col", "Winograd 2×2", "Conv2D", "Keras")
    labels = [t for t in figure.axes[0].texts if t.get_text() in names]
    boxes = [Text.get_window_extent(t) for t in labels]  # without its line
    assert len(boxes) == len(names)
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])


def test_a_roofline_without_points_or_with_no_rate_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        plots.roofline([], 1e9, 1e9)
    with pytest.raises(ValueError, match="above 0"):
        plots.roofline([Point("a", "b", 1.0, 0.0)], 1e9, 1e9)
