"""What `doctor` and `preflight` find, without Keras."""

import collections
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from autograder.grading import runtime
from course.cli import backends, doctor
from course.cli.client import CheckingFailed

Usage = collections.namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    """No settings of the machine that the tests run on."""
    for name in ("KERAS_BACKEND", "LAYERWISE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def project(tmp_path):
    for name in ("exercises", "course"):
        (tmp_path / "kit" / name).mkdir(parents=True)
    return tmp_path / "kit"


@pytest.fixture
def have(monkeypatch):
    """Pretends that just these backends are installed."""

    def pretend(*names):
        real = importlib.util.find_spec

        def find_spec(name, *rest):
            if name in backends.BACKENDS:
                return object() if name in names else None
            return real(name, *rest)

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)

    return pretend


@pytest.fixture
def keras_json(tmp_path):
    def write(content):
        file = tmp_path / "keras" / "keras.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write


# Which backend


@pytest.mark.parametrize(
    "installed, expected",
    [
        (["torch"], "torch"),
        (["tensorflow"], "tensorflow"),
        (["torch", "tensorflow"], "tensorflow"),
        (["jax"], "jax"),
        ([], "tensorflow"),
    ],
)
def test_without_settings_keras_default_is_used_if_it_is_there(
    have, installed, expected
):
    have(*installed)
    assert backends.backend() == expected


def test_the_environment_decides_before_keras_json(have, keras_json, monkeypatch):
    have("torch", "tensorflow")
    keras_json({"backend": "torch"})
    assert backends.backend() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert backends.backend() == "tensorflow"


def test_a_default_that_keras_wrote_does_not_keep_pytorch_from_checking(
    have, keras_json
):
    have("torch")
    keras_json({"backend": "tensorflow"})
    assert backends.backend() == "torch"
    assert backends.preflight() == []


@pytest.mark.parametrize("content", ["{", "[]", '{"backend": ["torch"]}', ""])
def test_broken_settings_do_not_break_the_choice(have, keras_json, content):
    have("torch")
    keras_json(content)
    assert backends.backend() == "torch"


def test_settings_are_found_where_keras_looks(monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", tempfile.gettempdir())
    expected = os.path.join(tempfile.gettempdir(), ".keras", "keras.json")
    assert str(backends.keras_json()) == expected


# Preflight


def test_a_good_installation_has_no_faults(have, keras_json):
    have("torch")
    keras_json({"backend": "torch", "floatx": "float32", "epsilon": 1e-7})
    assert backends.preflight() == []
    backends.refuse_if_broken()


def test_no_backend_names_the_command_that_installs_one(have):
    have()
    (line,) = backends.preflight()
    assert "pip install 'layerwise[torch]'" in line


@pytest.mark.parametrize(
    "content, said",
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ({"image_data_format": "channels_first"}, "need 'channels_last'"),
        ({"floatx": "float16"}, "need 'float32'"),
        ({"epsilon": 0}, "epsilon"),
        ({"backend": "theano"}, "'theano'"),
        ({"backend": None}, "None"),
    ],
)
def test_keras_json_is_looked_into(have, keras_json, content, said):
    have("torch")
    file = keras_json(content)
    (line,) = backends.preflight()
    assert said in line
    assert str(file) in line
    assert "\n" not in line
    with pytest.raises(CheckingFailed, match=r"keras\.json"):
        backends.refuse_if_broken()


@pytest.mark.parametrize(
    "name, said", [("theano", "can't run on"), ("jax", "not inst")]
)
def test_a_wrong_keras_backend_is_told_with_a_way_out(have, monkeypatch, name, said):
    have("torch")
    monkeypatch.setenv("KERAS_BACKEND", name)
    (line,) = backends.preflight()
    assert said in line
    assert "unset KERAS_BACKEND" in line


def test_the_environment_overrides_a_wrong_backend_in_keras_json(
    have, keras_json, monkeypatch
):
    have("torch")
    keras_json({"backend": "theano"})
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert backends.preflight() == []


def test_preflight_is_cheap(keras_json):
    keras_json({"backend": "torch"})

    def seconds():
        started = time.process_time()
        backends.preflight()
        return time.process_time() - started

    assert min(seconds() for _ in range(5)) < 0.02


# Doctor


def wrong(root):
    return [f.line for f in doctor.findings(root) if f.fine is False]


def test_nothing_is_wrong_here(project):
    assert wrong(project) == []


def test_no_course_is_told():
    assert any("There is no course here" in line for line in wrong(None))


def test_a_folder_that_can_not_be_written_to_is_told(project):
    (project / ".layerwise").write_text("in the way")
    (line,) = wrong(project)
    assert str(project / ".layerwise") in line
    assert "Not a directory" in line


def test_a_full_disk_is_told(project, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 8, 2**20))
    assert any("free some space" in line for line in wrong(project))


@pytest.mark.parametrize(
    "line, said",
    [
        ('requires-python = ">=3.99"', "Layerwise needs >=3.99"),
        ('dependencies = ["keras<3"]', "pip install 'keras<3'"),
        ('dependencies = ["no-such-package>=2"]', "no-such-package is not installed"),
    ],
)
def test_versions_out_of_range_are_told(project, line, said):
    values = {"requires-python": '">=3.11"', "dependencies": "[]"}
    key, _, value = line.partition(" = ")
    rows = [f"{k} = {v}" for k, v in {**values, key: value}.items()]
    text = "\n".join(['[project]\nname = "layerwise"', *rows])
    (project / "pyproject.toml").write_text(text)
    (found,) = wrong(project)
    assert said in found


def test_ranges_come_with_the_installed_package_too(tmp_path):
    python, requirements = doctor._ranges(tmp_path)
    assert "3.11" in python
    assert any(line.startswith("keras") for line in requirements)
    assert not any("extra" in line for line in requirements)


def test_a_checker_that_has_ended_is_told_from_one_that_runs(project):
    path = runtime.socket_path(project, "torch")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        running = [f.what for f in doctor.findings(project)]
    left_over = [f.what for f in doctor.findings(project)]
    assert any("A checker with PyTorch is running" in what for what in running)
    assert any("left over" in what for what in left_over)


def test_doctor_works_and_fails_where_keras_can_not_be_imported(project, keras_json):
    keras_json({"floatx": "float128"})
    environment = {**os.environ, "LAYERWISE_PROJECT": str(project)}
    program = (
        "import sys\nfrom course.cli.main import run\n"
        "try: run()\nfinally: assert 'keras' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == ""
    assert "sets floatx to 'float128'" in done.stdout
    assert "1 thing is wrong" in done.stdout


def test_doctor_ends_well_when_nothing_is_wrong(project):
    environment = {**os.environ, "LAYERWISE_PROJECT": str(project)}
    program = "from course.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor"], env=environment, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_keras_that_can_not_be_imported_is_told_with_what_it_said(have, monkeypatch):
    have("torch")
    said = "Traceback …\nImportError: libtorch.so is not there"
    done = subprocess.CompletedProcess([], 1, stdout="", stderr=said)
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: done)
    found = doctor._imports()
    assert found.fine is False
    assert "on torch: ImportError: libtorch.so is not there" in found.what
    assert "-e '.[torch]'" in found.mend  # the course itself is in no package index
