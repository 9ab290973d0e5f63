"""`layerwise train --mixed-precision`: 16 bits that learn, on a processor."""

import keras
import numpy as np
import pytest
import typer

from course.cli import train as command
from course.training import checkpoints, loop, networks


@pytest.fixture(autouse=True)
def keras_layers(networks_of):
    with networks_of("keras"):
        yield


@pytest.mark.trains
@pytest.mark.parametrize(
    ("graphics", "computes"), [(False, "bfloat16"), (True, "float16")]
)
def test_mixed_precision_computes_with_16_bits_and_leaves_none_behind(
    tmp_path, monkeypatch, graphics, computes
):
    made = []
    build = networks.made
    monkeypatch.setattr(
        networks, "made", lambda *args: made.append(build(*args)) or made[0]
    )
    monkeypatch.setattr(loop, "_has_graphics", lambda: graphics)
    monkeypatch.setenv("KERAS_BACKEND", keras.config.backend())
    before = keras.config.dtype_policy().name
    words = "FCNN --data digits --epochs 6 --batch-size 32 --mixed-precision --out"
    app = typer.Typer()
    app.command()(command.train)
    app([*words.split(), str(tmp_path)], standalone_mode=False)
    assert made[0].compute_dtype == computes
    assert {w.dtype for w in made[0].trainable_weights} == {"float32"}
    scaled = isinstance(made[0].optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (computes == "float16")  # the range of bfloat16 needs no scaling
    history = checkpoints.read(tmp_path / "FCNN-digits").history
    assert np.isfinite(history["loss"]).all()
    assert history["loss"] == sorted(history["loss"], reverse=True)
    assert history["val_accuracy"][-1] > 0.8
    assert keras.config.dtype_policy().name == before


def test_on_a_gpu_there_is_float16(monkeypatch):
    asked = {
        "torch": "torch.cuda.is_available",
        "tensorflow": "keras.distribution.list_devices",
    }[keras.config.backend()]
    found = []
    for answer in (True, False):
        monkeypatch.setattr(asked, lambda *kind, answer=answer: answer)
        found.append(loop._policy())
    assert found == ["mixed_float16", "mixed_bfloat16"]
