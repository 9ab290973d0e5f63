"""A submission judged on PyTorch and on TensorFlow, and replayed on both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LAYERWISE = Path(sys.executable).with_name("layerwise")
PUZZLES = "u00_tensors/puzzles"
TORCH_ONLY = (
    "\nimport keras\nif keras.config.backend() != 'torch':\n    del stable_softmax\n"
)


@pytest.fixture(scope="module")
def layerwise(pytestconfig, isolation_level):
    """`layerwise(*words)`: what the command came to."""
    return lambda *words: subprocess.run(
        [LAYERWISE, *map(str, words), "--isolation", isolation_level],
        cwd=pytestconfig.rootpath,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=500,
    )


@pytest.fixture(scope="module")
def records(tmp_path_factory, pytestconfig, layerwise):
    """What `grade --backend both` writes of an answer that is right on PyTorch only."""
    folder, root = tmp_path_factory.mktemp("both"), pytestconfig.rootpath
    answer = folder / "ann" / "puzzles.py"
    answer.parent.mkdir()
    answer.write_text((root / f"solutions/{PUZZLES}.py").read_text() + TORCH_ONLY)
    path = folder / "records.jsonl"
    words = ["grade", folder / "ann", "--backend", "both", "--records", path]
    done = layerwise(*words, "--gradebook", "none")
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_right_on_one_backend_only_is_said(records):
    entry = json.loads(records.read_text())
    assert entry["explanation"].startswith("Right on PyTorch only, not on TensorFlow")
    assert entry["backends"]["torch"]["passed"]
    assert entry["points"] == entry["backends"]["tensorflow"]["points"]
    assert 0 < entry["points"] < entry["max_points"]
    assert entry["backend"] == "tensorflow"


def test_a_replay_is_one_on_both_and_tells_what_came_out_otherwise(records, layerwise):
    entry = json.loads(records.read_text())
    changed = entry["backends"]["torch"]["outcomes"][0]
    changed["category"] = "wrong_shape"
    tampered = records.with_name("tampered.jsonl")
    tampered.write_text(json.dumps(entry) + "\n")
    done = layerwise("replay", tampered)
    assert "1 replayed on tensorflow, 0 checks came out otherwise" in done.stdout
    assert "1 replayed on torch, 1 checks came out otherwise" in done.stdout
    assert f"{changed['check']} was wrong_shape, is passed" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    "words, says",
    [
        (["--line", "7"], "1 lines, and no line 7"),
        (["--backend", "jax"], "nothing on jax; it has torch, tensorflow"),
    ],
)
def test_a_replay_of_what_was_not_recorded_is_refused(records, words, says, layerwise):
    done = layerwise("replay", records, *words)
    assert done.returncode == 1
    assert says in done.stderr
