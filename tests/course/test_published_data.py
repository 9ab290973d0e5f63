"""Published data sets: parsed as their publishers wrote them, refused if damaged."""

import gzip
import hashlib
import io
import json
import lzma
import os
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from course import data as course_data
from course.data import PUBLISHED, cifar, cifar10, cifar100, load, mnist, published
from course.data.published import DataProblem


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def idx(values):
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return head + values.astype("uint8").tobytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of published data; the cache is an empty one."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("LAYERWISE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(
        "keras.src.backend.config.keras_home", lambda: str(tmp_path / "home")
    )
    (tmp_path / "home").mkdir()
    monkeypatch.setattr(mnist, "URL", (tmp_path / "nowhere").as_uri() + "/")
    monkeypatch.setattr(cifar, "_URL", (tmp_path / "nowhere").as_uri() + "/")
    return tmp_path / "data"


@pytest.fixture
def tiny_mnist(folder, monkeypatch):
    """Seven digits and five, in the publisher's format."""
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(256, size=(7, 28, 28)),
        np.arange(7),
        rng.integers(256, size=(5, 28, 28)),
        np.arange(5, 10),
    ]
    (folder / "mnist").mkdir()
    hashes = {}
    for name, array in zip(mnist.FILES, arrays, strict=True):
        content = gzip.compress(idx(array))
        (folder / "mnist" / name).write_bytes(content)
        hashes[name] = sha256(content)
    monkeypatch.setattr(mnist, "FILES", hashes)
    return arrays


def records(rng, layout, count, classes):
    """The publisher's records, and the images and labels in them."""
    planes = rng.integers(256, size=(count, 3, 32, 32), dtype="uint8")
    labels = rng.integers(classes, size=(count, layout.label_bytes), dtype="uint8")
    content = np.concatenate([labels, planes.reshape(count, -1)], axis=1).tobytes()
    return content, planes, labels[:, layout.label]


def archive(files):
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


CIFARS = [
    ("cifar10", {}, cifar10, "LAYOUT"),
    ("cifar100", {}, cifar100, "FINE"),
    ("cifar100", {"coarse": True}, cifar100, "COARSE"),
]


@pytest.fixture(params=CIFARS, ids=["cifar10", "cifar100", "cifar100 coarse"])
def tiny_cifar(request, folder, monkeypatch):
    """What to load, and the images and labels that lie in the publisher's files."""
    data_set, options, module, name = request.param
    layout, rng = getattr(module, name), np.random.default_rng(1)
    classes = [f"class {number}" for number in range(6)]
    files, sets = {layout.class_names: "\n".join([*classes, "", ""]).encode()}, []
    for members in layout.members:
        parts = []
        for member in members:
            files[member], planes, labels = records(rng, layout, 3, len(classes))
            parts.append((planes, labels))
        sets.append([np.concatenate(part) for part in zip(*parts, strict=True)])
    content = archive(files)
    filename, _ = layout.archive
    monkeypatch.setattr(
        module, name, layout._replace(archive=(filename, sha256(content)))
    )
    (folder / data_set).mkdir()
    (folder / data_set / filename).write_bytes(content)
    return data_set, options, sets, folder / data_set / filename, classes


@pytest.mark.parametrize("size", [28, 32])
def test_mnist_is_what_the_idx_files_hold(tiny_mnist, size):
    data, border = load("mnist", size=size), (size - 28) // 2
    for x, pixels in [(data.x_train, tiny_mnist[0]), (data.x_test, tiny_mnist[2])]:
        assert x.shape == (len(pixels), size, size, 1) and x.dtype == np.float32
        middle = x[:, border : 28 + border, border : 28 + border, 0]
        np.testing.assert_array_equal(np.rint(middle * 255), pixels)
        assert np.isclose(x.sum(), middle.sum()) and x.max() <= 1
    assert data.y_train.dtype == np.int64
    np.testing.assert_array_equal(data.y_train, tiny_mnist[1])
    np.testing.assert_array_equal(data.y_test, tiny_mnist[3])
    assert data.class_names == tuple("0123456789")


def test_cifar_is_what_the_publishers_records_hold(tiny_cifar):
    data_set, options, sets, _, classes = tiny_cifar
    data = load(data_set, **options)
    found = [(data.x_train, data.y_train), (data.x_test, data.y_test)]
    for (x, y), (planes, labels) in zip(found, sets, strict=True):
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        np.testing.assert_array_equal(np.rint(x * 255), np.moveaxis(planes, 1, -1))
        np.testing.assert_array_equal(y, labels)
        assert x.max() <= 1
    assert data.class_names == tuple(classes)
    assert course_data.is_here(data_set) and not course_data.is_excerpt(data_set)


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty"])
@pytest.mark.parametrize("number", range(4))
def test_a_damaged_file_of_mnist_is_refused_and_named(
    folder, tiny_mnist, number, damage
):
    path = folder / "mnist" / list(mnist.FILES)[number]
    content = path.read_bytes()
    flipped = content[:30] + bytes([content[30] ^ 1]) + content[31:]
    damaged = {"truncated": content[:-1], "altered": flipped, "empty": b""}[damage]
    path.write_bytes(damaged)
    with pytest.raises(DataProblem, match="truncated or altered") as error:
        load("mnist")
    assert str(path) in str(error.value)


def test_a_damaged_archive_of_cifar_is_refused_and_named(tiny_cifar):
    data_set, options, _, path, _ = tiny_cifar
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataProblem, match="truncated or altered") as error:
        load(data_set, **options)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x08",
        b"\x89PNG....",
        idx(np.zeros((3, 2)))[:-1],
        idx(np.zeros((3, 2))) + b"\x00",
        idx(np.zeros((3, 2)))[:9],
        struct.pack(">HBB2I", 0, 8, 2, 2**32 - 1, 2**32 - 1),
        b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00\x00\x00\x00",  # floats
    ],
    ids="empty short png truncated longer headless huge floats".split(),
)
def test_what_is_no_idx_file_is_refused(content):
    with pytest.raises(DataProblem, match="IDX file"):
        mnist.parse_idx(content)


def test_records_that_are_incomplete_or_of_no_class_are_refused():
    content, _, _ = records(np.random.default_rng(2), cifar10.LAYOUT, 2, 6)
    with pytest.raises(DataProblem, match="no whole number"):
        cifar.parse_records(content[:-1], cifar10.LAYOUT, 6)
    with pytest.raises(DataProblem, match="a label 9"):
        cifar.parse_records(b"\x09" + content[1:], cifar10.LAYOUT, 6)


def test_an_archive_without_one_of_its_files_is_refused(folder, monkeypatch):
    content = archive({"batches.meta.txt": b"cat\n"})
    filename, _ = cifar10.LAYOUT.archive
    (folder / "cifar10").mkdir()
    (folder / "cifar10" / filename).write_bytes(content)
    layout = cifar10.LAYOUT._replace(archive=(filename, sha256(content)))
    monkeypatch.setattr(cifar10, "LAYOUT", layout)
    with pytest.raises(DataProblem, match=r"no data_batch_1\.bin"):
        load("cifar10")


@pytest.mark.parametrize("data_set", PUBLISHED)
def test_without_file_and_network_the_message_says_what_to_put_where(folder, data_set):
    with pytest.raises(DataProblem, match="could not be downloaded") as error:
        load(data_set)
    assert "LAYERWISE_DATA" in str(error.value)
    assert f"folder {data_set}/" in str(error.value)


def test_a_download_is_cached_and_a_damaged_copy_is_fetched_again(
    folder, tmp_path, tiny_mnist, monkeypatch
):
    (folder / "mnist").rename(tmp_path / "server")
    monkeypatch.setattr(mnist, "URL", (tmp_path / "server").as_uri() + "/")
    first = load("mnist")
    cached = list((tmp_path / "home").rglob("train-images*.gz"))
    assert len(cached) == 1
    cached[0].write_bytes(cached[0].read_bytes()[:-9])
    np.testing.assert_array_equal(load("mnist").x_train, first.x_train)
    (tmp_path / "server").rename(tmp_path / "gone")
    np.testing.assert_array_equal(load("mnist").x_train, first.x_train)


def excerpt(folder):
    """A tiny excerpt of CIFAR-10, listed in MANIFEST.json."""
    (folder / "cifar10").mkdir()
    rng, entries = np.random.default_rng(3), []

    def write(name, content):
        (folder / "cifar10" / name).write_bytes(content)
        entries.append({"path": f"cifar10/{name}", "sha256": sha256(content)})

    def npy(array):
        written = io.BytesIO()
        np.save(written, array)
        return written.getvalue()

    pixels = rng.integers(256, size=(4, 32, 32, 3), dtype="uint8")
    for part in ("train_part1", "test_part1"):
        write(f"{part}_images.npy.xz", lzma.compress(npy(pixels)))
        write(f"{part}_labels.npy", npy(np.arange(4, dtype="uint8")))
    write("classes.json", json.dumps({"classes": list("abcd")}).encode())
    (folder / "MANIFEST.json").write_text(json.dumps({"entries": entries}))
    return pixels


def test_an_excerpt_stands_in_for_the_archive(folder):
    assert not course_data.is_here("cifar10")
    pixels = excerpt(folder)
    assert course_data.is_here("cifar10") and course_data.is_excerpt("cifar10")
    data = load("cifar10")
    np.testing.assert_array_equal(np.rint(data.x_train * 255), pixels)
    np.testing.assert_array_equal(data.y_test, range(4))
    assert data.class_names == tuple("abcd")


def test_a_damaged_excerpt_or_one_without_hashes_is_refused(folder):
    excerpt(folder)
    path = folder / "cifar10" / "test_part1_labels.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataProblem, match=r"test_part1_labels\.npy.*altered"):
        load("cifar10")
    (folder / "MANIFEST.json").unlink()
    with pytest.raises(DataProblem, match=r"no MANIFEST\.json"):
        load("cifar10")


@pytest.fixture
def real(monkeypatch):
    beside = Path(__file__).parents[3] / "shared" / "data"
    named = os.environ.get("LAYERWISE_DATA") or (str(beside) if beside.is_dir() else "")
    if not named:
        pytest.skip("LAYERWISE_DATA names no folder with the published files")
    monkeypatch.setenv("LAYERWISE_DATA", named)
    return published.folder()


@pytest.mark.parametrize(
    ("data_set", "shape", "classes"),
    [
        ("mnist", (28, 28, 1), 10),
        ("cifar10", (32, 32, 3), 10),
        ("cifar100", (32, 32, 3), 100),
    ],
)
def test_the_published_files_have_the_documented_shape(real, data_set, shape, classes):
    if not (real / data_set).is_dir():
        pytest.skip(f"LAYERWISE_DATA has no folder {data_set}")
    data = load(data_set)
    for x, y in [(data.x_train, data.y_train), (data.x_test, data.y_test)]:
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert x.shape == (len(y), *shape)
        assert (x.min(), x.max()) == (0, 1)
        assert set(y) == set(range(classes)) and len(data.class_names) == classes
        assert x.flags.writeable


def test_the_published_digits_are_those_everybody_knows(real):
    """Sums that its publishers' and others' tables give for the training set."""
    if not (real / "mnist").is_dir():
        pytest.skip("LAYERWISE_DATA has no folder mnist")
    data = load("mnist")
    assert data.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(data.y_test)[[0, 9]].tolist() == [980, 1009]
    mean, deviation = data.x_train.mean(dtype="float64"), data.x_train.std(dtype="float64")  # fmt: skip
    np.testing.assert_allclose([mean, deviation], [0.1307, 0.3081], atol=1e-4)
