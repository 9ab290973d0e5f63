"""How the backend is made ready for checks."""

import subprocess
import sys

import pytest

from autograder.sandbox import backend


@pytest.mark.parametrize("wish, found", [(None, "0"), ("1", "1")])
def test_checks_do_without_onednn_unless_it_is_asked_for(monkeypatch, wish, found):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", wish or "")
    if wish is None:
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    assert backend.settle() == "tensorflow"
    assert backend.os.environ["TF_ENABLE_ONEDNN_OPTS"] == found


def test_pytorch_is_spared_the_import_of_tensorflow(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setitem(sys.modules, "tensorflow", sys)  # put back afterwards
    del sys.modules["tensorflow"]
    assert backend.settle() == "torch"
    assert sys.modules["tensorflow"] is None


def test_keras_comes_without_what_only_its_extras_need():
    code = """
import subprocess
import sys
from autograder.sandbox import backend
backend.import_keras()
print([name for name in ("matplotlib", "sklearn") if name in sys.modules])
import keras, matplotlib.pyplot, sklearn
print(keras.Layer.__name__)
backend.import_keras()
print(sys.modules["sklearn"] is sklearn)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "Layer", "True"]
