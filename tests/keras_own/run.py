"""Keras's own unit tests, with the course's layers in the place of Keras's.

    KERAS_BACKEND=torch python tests/keras_own/run.py
    KERAS_BACKEND=torch python tests/keras_own/run.py -k DenseTest

`python run.py parity` does it on both backends. Keras ships the tests in its wheel;
which of them are run is in files.toml, what is left out, and why, in left_out.toml.
"""

import os
import sys
from pathlib import Path

os.environ["LAYERWISE_PARTS"] = "solutions"  # before anything asks for a part

import pytest
from plugin import KERAS, Plugin, test_files

if __name__ == "__main__":
    ini = Path(__file__).with_name("pytest.ini")
    arguments = ["-c", str(ini), "--rootdir", str(KERAS), *test_files(), *sys.argv[1:]]
    sys.exit(pytest.main(arguments, plugins=[Plugin()]))
