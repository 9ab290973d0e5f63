"""The milestones of u03 and u06 on embedded data."""

import hashlib
import re

import pytest
from rich.console import Console

from course import training
from course.data import cifar10, mnist
from course.milestones import trained, u03, u06, u07
from course.training import view

QUIET = Console(quiet=True)


@pytest.fixture(autouse=True)
def solutions(networks_of):
    with networks_of("solutions"):
        yield


@pytest.fixture
def nothing_published(tmp_path, monkeypatch):
    monkeypatch.setenv("LAYERWISE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path


@pytest.mark.trains
@pytest.mark.parametrize(
    ("unit", "module", "data"),
    [("u03", u03, "iris"), ("u03", u03, "digits"), ("u06", u06, "digits")],
)
def test_a_milestone_on_embedded_data_is_reached(tmp_path, unit, module, data):
    """That of u07, ResNet18 on digits, takes four minutes: `layerwise milestone u07`
    measures it, into docs/results.md."""
    goals = trained.chosen(module.GOALS, data)
    (result,) = trained.run(unit, goals, tmp_path, QUIET)
    assert result.reached and result.accuracy >= goals[0].accuracy
    assert (result.unit, result.data, result.parts) == (unit, data, "solutions")
    assert len(result.losses) == goals[0].epochs
    assert result.picture.stat().st_size > 10_000


@pytest.mark.parametrize("place", ["mnist", "keras/datasets/layerwise/mnist"])
def test_published_data_are_used_where_all_files_are(
    nothing_published, monkeypatch, place
):
    """A folder is no data set, nor are three files of four or a download cut off."""
    nothing = hashlib.sha256(b"").hexdigest()
    monkeypatch.setattr(mnist, "FILES", dict.fromkeys(mnist.FILES, nothing))
    (nothing_published / place).mkdir(parents=True)
    for name in mnist.FILES:
        assert _chosen(u03) == ["iris", "digits"]
        (nothing_published / place / name).touch()
    assert _chosen(u03) == ["iris", "digits", "mnist"]
    if place != "mnist":
        (nothing_published / place / name).write_bytes(b"<html>")
        assert _chosen(u03) == ["iris", "digits"]


def _chosen(module):
    return [goal.data for goal in trained.chosen(module.GOALS)]


def test_long_trainings_are_made_when_they_are_named(nothing_published):
    for data, names in (
        ("mnist", mnist.FILES),
        ("cifar10", [cifar10.LAYOUT.archive[0]]),
    ):
        (nothing_published / data).mkdir()
        for name in names:
            (nothing_published / data / name).touch()
    for module in (u06, u07):
        assert _chosen(module) == ["digits"]
    assert [goal.network for goal in trained.chosen(u06.GOALS, "mnist")] == ["LeNet5"]
    assert [goal.network for goal in trained.chosen(u07.GOALS, "cifar10")] == [
        "ResNet18"
    ]
    assert trained.chosen(u06.GOALS, "iris") == ()


@pytest.mark.parametrize(("unit", "module"), [("u06", u06), ("u07", u07)])
def test_the_readme_names_the_long_ones_and_their_durations(
    nothing_published, pytestconfig, unit, module
):
    lines = (pytestconfig.rootpath / "README.md").read_text(encoding="utf-8")
    short = trained.chosen(module.GOALS)
    long = [goal for goal in module.GOALS if goal not in short]
    assert long
    for goal in long:
        command = rf"layerwise milestone {unit} --data {goal.data} +# {goal.network}, "
        assert re.search(command + f".*about {goal.minutes:g} minutes", lines)


class Interrupt(view.View):
    """The key is pressed in the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt


@pytest.mark.trains
def test_an_interrupted_milestone_goes_on_and_a_finished_one_begins_again(
    tmp_path, monkeypatch
):
    goals = (trained.Goal("FCNN", "iris", 0.5, epochs=3, batch_size=16, minutes=0),)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(view, "View", Interrupt)
        list(trained.run("u03", goals, tmp_path, QUIET))
    resumed = []
    train = training.train

    def remembered(settings, folder, console, resume=False):
        resumed.append(resume)
        return train(settings, folder, console, resume)

    monkeypatch.setattr(training, "train", remembered)
    for _ in range(2):
        (result,) = trained.run("u03", goals, tmp_path, QUIET)
        assert len(result.losses) == 3
    assert resumed == [True, False]
