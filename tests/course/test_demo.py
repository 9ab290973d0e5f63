"""The demo's networks, trained for a moment, and the batches they learn from."""

import io

import numpy as np
import pytest
from rich.console import Console

from course import demo


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What a short training says, and what it comes to."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_PARTS", "solutions")
        out = tmp_path_factory.mktemp("out")
        found = demo.train(out, Console(file=said, width=100), share=0.15)
    return said.getvalue(), found


def test_every_network_learns(shown):
    _, found = shown
    assert found["accuracy"]["simple_cnn"] > 0.5
    assert found["accuracy"]["lenet5"] > 0.5
    assert found["accuracy"]["fcnn"] > 0.6


def test_every_picture_is_drawn(shown):
    _, found = shown
    names = {path.name for path in found["files"]}
    assert names == {
        "iris_boundary.png",
        "iris_curves.png",
        *(f"simple_cnn_{what}.png" for what in ("curves", "confusion", "filters")),
        *(
            f"lenet5_{what}.png"
            for what in ("curves", "confusion", "filters", "predictions")
        ),
    }
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in found["files"])


def test_the_table_says_whose_networks_they_are(shown):
    said, _ = shown
    assert said.count("solutions") == 4
    assert "60,000" in said  # LeNet-5, as in the paper


def test_each_example_comes_once_an_epoch_in_a_new_order():
    x = np.arange(10, dtype="float32").reshape(10, 1)
    batches = demo.Batches(x, np.arange(10), 4)
    epochs = []
    for _ in range(2):
        found = [batches[index] for index in range(len(batches))]
        assert [len(labels) for _, labels in found] == [4, 4, 2]
        assert all((images[:, 0] == labels).all() for images, labels in found)
        epochs.append([label for _, labels in found for label in labels])
        batches.on_epoch_end()
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1]


def test_moved_images_are_the_same_image_elsewhere():
    image = np.arange(9, dtype="float32").reshape(1, 3, 3, 1)
    batches = demo.Batches(np.repeat(image, 50, axis=0), np.zeros(50), 50, shift=1)
    moved, _ = batches[0]
    wide = np.pad(image[0], ((1, 1), (1, 1), (0, 0)), mode="edge")
    places = {
        (top, left)
        for one in moved
        for top in range(3)
        for left in range(3)
        if (one == wide[top : top + 3, left : left + 3]).all()
    }
    assert len(places) == 9
