"""`layerwise train`: interrupted and resumed, a training ends as if it had not been."""

import csv
import fcntl
import io
import json
import os
import pty
import subprocess
import sys
import termios

import keras
import numpy as np
import pytest
from rich.console import Console

from course import data, training
from course.cli import train as command
from course.cli.client import CheckingFailed
from course.training import batches, checkpoints, networks, view

SETTINGS = training.Settings("SimpleCNN", "digits", epochs=4, batch_size=32, seed=1)


@pytest.fixture(scope="module", autouse=True)
def keras_layers(networks_of):
    with networks_of("keras"):
        yield


def train(folder, settings=SETTINGS, resume=False):
    return training.train(settings, folder, Console(quiet=True), resume)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, train(folder)


class Interrupt(view.View):
    """The key is pressed in the middle of the second epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if self.progress.tasks[0].fields["epoch"] == 2 and batch == 5:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view, "View", Interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(folder)
    return folder


def weights(folder):
    """All numbers that a checkpoint holds, the optimizer's included, by their place."""
    import h5py

    found = {}
    with h5py.File(folder / checkpoints.read(folder).weights) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    return found


@pytest.mark.trains
def test_a_network_learns_the_digits(whole):
    assert whole[1].accuracy > 0.9
    assert whole[1].examples == 1437
    assert whole[1].whose == "keras"
    losses = whole[1].history["loss"]
    assert len(losses) == 4 and losses == sorted(losses, reverse=True)


@pytest.mark.trains
def test_an_interrupted_training_has_its_last_whole_epoch(interrupted):
    state = checkpoints.read(interrupted)
    assert state.epochs == 1
    assert [len(values) for values in state.history.values()] == [1] * 7
    assert len(list(interrupted.glob("*.h5"))) == 1


@pytest.mark.trains
def test_a_resumed_training_ends_as_the_uninterrupted_one(whole, interrupted, tmp_path):
    for file in interrupted.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    resumed = train(tmp_path, resume=True)
    for name, values in whole[1].history.items():
        np.testing.assert_allclose(resumed.history[name], values, rtol=1e-4)
    expected = weights(whole[0])
    assert any("optimizer" in name for name in expected)
    for name, array in weights(tmp_path).items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-5)


@pytest.mark.trains
def test_the_log_has_a_line_an_epoch(whole):
    with (whole[0] / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    logged = [float(row["val_top_5_accuracy"]) for row in rows]
    assert logged == whole[1].history["val_top_5_accuracy"]
    assert float(rows[-1]["val_accuracy"]) == pytest.approx(whole[1].accuracy)
    rates = [float(row["learning_rate"]) for row in rows]
    assert rates == sorted(rates, reverse=True) and rates[0] > rates[-1] >= 0


@pytest.mark.trains
def test_the_pictures_are_drawn(whole):
    assert {path.name for path in whole[1].pictures} == {
        "curves.png",
        "confusion.png",
        "predictions.png",
        "filters.png",
    }
    assert all(path.stat().st_size > 10_000 for path in whole[1].pictures)


@pytest.mark.trains
def test_a_training_is_resumed_with_the_same_settings_only(interrupted):
    other = SETTINGS._replace(batch_size=16)
    with pytest.raises(checkpoints.CannotResume, match="batch_size was 32 and is 16"):
        train(interrupted, other, resume=True)


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(checkpoints.CannotResume, match="no training to resume"):
        train(tmp_path, resume=True)


GONE = checkpoints.State({}, 1, "gone.weights.h5", 0.0, {})


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps(GONE._asdict())])
def test_a_damaged_checkpoint_is_named(tmp_path, text):
    (tmp_path / "training.json").write_text(text)
    with pytest.raises(checkpoints.CannotResume, match=r"training\.json is damaged"):
        checkpoints.read(tmp_path)


class Enough(Exception):
    """Stops a training before it begins."""


def test_a_training_on_an_excerpt_says_so(tmp_path, monkeypatch):
    def made(name, prepared):
        raise Enough

    examples = data.load("digits")
    monkeypatch.setattr(data, "load", lambda name, **options: examples)
    monkeypatch.setattr(networks, "made", made)
    said = []
    for excerpt in (True, False):
        monkeypatch.setattr(data, "is_excerpt", lambda name, excerpt=excerpt: excerpt)
        console = Console(record=True, width=200, file=io.StringIO())
        with pytest.raises(Enough):
            training.train(training.Settings("FCNN", "cifar10"), tmp_path, console)
        said.append(console.export_text())
    assert "cifar10 here is an excerpt" in said[0] and "1,437 examples" in said[0]
    assert said[1] == ""


@pytest.mark.parametrize(
    ("network", "data", "said"),
    [
        ("LeNet", "digits", "Did you mean LeNet5"),
        ("FCNN", "digit", "Did you mean digits"),
        ("ResNet18", "iris", "reads images"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, network, data, said):
    with pytest.raises(training.CannotTrain, match=said):
        train(tmp_path, training.Settings(network, data))


def test_an_epochs_batches_depend_on_its_number_alone():
    x = np.arange(40, dtype="float32").reshape(10, 2, 2, 1)
    first = batches.Batches(x, np.arange(10), 4, shift=1, seed=3)
    seen = []
    for _ in range(2):
        seen.append([first[i] for i in range(len(first))])
        first.on_epoch_end()
    later = batches.Batches(x, np.arange(10), 4, shift=1, seed=3, epoch=1)
    for i in range(len(later)):
        for a, b in zip(later[i], seen[1][i], strict=True):
            np.testing.assert_array_equal(a, b)
    labels = np.concatenate([y for _, y in seen[0]])
    assert sorted(labels) == list(range(10))
    assert labels.tolist() != np.concatenate([y for _, y in seen[1]]).tolist()


def press_control_c(line, when):
    """Runs a command on a terminal; its exit code and what it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        line, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # its keys are ours
    )  # fmt: skip
    os.close(theirs)
    written, pressed = b"", False
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # Linux's word for a terminal that nobody writes to any more
            break
        written += chunk
        if not chunk:
            break
        if not pressed and when():
            os.write(ours, b"\x03")
            pressed = True
    os.close(ours)
    return process.wait(timeout=60), written.decode()


@pytest.mark.trains
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_key_control_c_keeps_the_last_epoch_and_says_how_to_go_on(tmp_path):
    layerwise = [sys.executable, "-c", "from course.cli.main import run; run()"]
    words = "train FCNN --data digits --epochs 30 --batch-size 256 --out".split()
    folder, line = tmp_path / "FCNN-digits", [*layerwise, *words, str(tmp_path)]
    code, said = press_control_c(line, (folder / "training.json").exists)
    assert code == 130
    state = checkpoints.read(folder)
    assert 1 <= state.epochs < 30
    assert "Traceback" not in said
    assert "--resume" in said
    resumed = subprocess.run([*line, "--resume"], capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert f"epoch {state.epochs + 1}/30" in resumed.stdout
    assert f"epoch {state.epochs}/30" not in resumed.stdout
    assert (folder / "curves.png").exists()


@pytest.mark.parametrize(
    ("epochs", "said"), [(2, "--resume goes on with it"), (3, "a training of 3 epochs")]
)
def test_the_same_line_again_overwrites_no_training(
    tmp_path, monkeypatch, epochs, said
):
    state = checkpoints.State({"epochs": 3}, epochs, "some.weights.h5", 1.0, {})
    folder = tmp_path / "FCNN-digits"
    folder.mkdir()
    (folder / state.weights).touch()
    (folder / "training.json").write_text(json.dumps(state._asdict()))
    monkeypatch.setenv("KERAS_BACKEND", keras.config.backend())
    with pytest.raises(CheckingFailed, match=said):
        command.train("FCNN", "digits", out=tmp_path)


@pytest.mark.parametrize(
    "name", [n for n in networks.NETWORKS if not networks.NETWORKS[n].of]
)
def test_every_network_of_the_table_can_be_made_and_reads_its_data(name):
    prepared = networks.prepared(name, "digits")
    model = networks.made(name, prepared)
    logits = model(prepared.x_test[:2])
    assert logits.shape == (2, 10)
    lines = []
    model.summary(line_length=150, print_fn=lines.append)
    assert all(f"{layer.name} (" in "".join(lines) for layer in model.layers)
    assert networks.whose(model) in ("keras", "keras+solutions")
