"""`layerwise bench conv2d`: whose convolutions it measures, and what it leaves behind."""

import functools
import hashlib
import json
import sys
from pathlib import Path

import keras
import pytest

from course import parts, syllabus
from course.cli import bench, main
from course.measuring import convolutions, machine

ROOT = Path(__file__).parents[2]
(CONV2D,) = syllabus.find("conv2d")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A students' copy in which conv2d passes and fast_conv2d does not."""
    file = tmp_path / "exercises" / CONV2D.path
    file.parent.mkdir(parents=True)
    file.write_bytes((ROOT / "solutions" / CONV2D.path).read_bytes())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    progress = tmp_path / ".layerwise/progress.json"
    progress.parent.mkdir()
    progress.write_text(json.dumps({"passed": {CONV2D.id: {"sha256": digest}}}))
    monkeypatch.setenv("LAYERWISE_PROJECT", str(tmp_path))
    monkeypatch.delenv("LAYERWISE_PARTS", raising=False)
    module = f"exercises.{CONV2D.unit}.{CONV2D.name}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    yield tmp_path
    sys.modules.pop(module, None)


@pytest.fixture
def run(monkeypatch, capsys):
    """The command on one small shape; gives its exit code, stdout and stderr."""
    shapes = (convolutions.Shape(1, 6, 2, 3, 3), convolutions.Shape(1, 6, 2, 1, 3))
    monkeypatch.setattr(convolutions, "SHAPES", shapes)
    once = functools.partial(convolutions.measure, rounds=1, least=0.0)
    monkeypatch.setattr(convolutions, "measure", once)
    monkeypatch.setattr(machine, "SIZES", (64,))
    monkeypatch.setattr(machine, "COPIED", 2**16)
    for name in (*bench.THREADS, "KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "1")  # so that it is put back afterwards
    monkeypatch.setenv("KERAS_BACKEND", keras.backend.backend())
    monkeypatch.setenv("LAYERWISE_PARTS", "yours")

    def layerwise(*words):
        monkeypatch.setattr(sys, "argv", ["layerwise", "bench", *words])
        code = 0
        try:
            main.run()
        except SystemExit as done:
            code = done.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return layerwise


def test_it_measures_what_passes_and_says_what_to_complete(project, run, tmp_path):
    code, out, err = run("conv2d", "--out", str(tmp_path / "roof.png"))
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if "│ Conv2D" in line]
    assert len(lines) == len(convolutions.SHAPES)
    assert all("yours" in line for line in lines)
    assert "complete u05_convolution/fast_conv2d first" in out
    assert "Winograd" not in out
    assert (tmp_path / "roof.png").read_bytes().startswith(b"\x89PNG")


def test_references_are_measured_where_they_are(run, monkeypatch, tmp_path):
    monkeypatch.setenv("LAYERWISE_PROJECT", str(ROOT))
    code, out, err = run(
        "conv2d", "--parts", "solutions", "--out", str(tmp_path / "roof.png")
    )
    assert (code, err) == (0, "")
    for way in convolutions.WAYS:
        assert f"│ {way.name} " in out
    assert "complete" not in out


@pytest.mark.parametrize(
    "words, said",
    [
        (["dense"], "no benchmark of dense"),
        (["conv2d", "--mode", "warp"], "no mode warp"),
        (["conv2d", "--parts", "mine"], "LAYERWISE_PARTS"),
    ],
)
def test_what_can_not_be_measured_is_one_line(run, words, said):
    code, _, err = run(*words)
    assert code == 1 and said in err and len(err.splitlines()) == 1


def test_what_is_written_is_never_kerass(project, monkeypatch):
    assert parts.written("Conv2D")[0] == "yours"
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    with pytest.raises(AttributeError, match="complete u05_convolution/conv2d first"):
        parts.written("Conv2D")  # no solutions here
    monkeypatch.setenv("LAYERWISE_PROJECT", str(ROOT))
    place, layer = parts.written("Conv2D")
    assert (place, layer.__module__) == (
        "solutions",
        "solutions.u05_convolution.conv2d",
    )
    with pytest.raises(AttributeError, match="No exercise"):
        parts.written("Conv7D")
