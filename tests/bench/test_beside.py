"""The program that measures the course beside Keras: its cases, comparisons and page."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

from beside import measuring, memory, page, passes, records, sides, summary  # noqa: E402
from beside.cases import CASES, GROUPS, PASSES, Case  # noqa: E402

from course import syllabus  # noqa: E402

UNITS = ("u03_layers", "u05_convolution", "u06_classic_cnns", "u07_residual")
UNITS += ("u08_efficient_cnns",)
# Not layers and no networks: functions that `bench/convolutions.py` measures; widths
# and depths of a network that stands for its family.
ELSEWHERE = {
    "im2col_conv2d",
    "winograd_conv2d",
    "fft_conv2d",
    "VGG",
    "ResNet",
    "DenseNet",
}
MACHINE = {
    "processor": "Invented 9000", "cores": 4, "threads": 1, "system": "Linux x86_64",
    "python": "3.11.0", "keras": "3.15.0", "numpy": "2.0.0", "backend": "torch 2.0",
    "date": "2026-01-02",
}  # fmt: skip
SMALL = (
    Case("convolution", "Conv2D", (3, 3, 2), (2, 7, 6, 2), {"padding": "same"}),
    Case("dense and activations", "softmax", (), (3, 5)),
    Case("dense and activations", "Embedding", (7, 3), (2, 4), below=7),
    Case("dense and activations", "Dropout", (0.5,), (40, 100), random=True),
    Case("augmentation", "RandomFlip", ("horizontal",), (20, 9, 8, 3), random=True,
         passes=("forward",)),
    Case("blocks", "ResidualBlock", (4, 2), (4, 8, 8, 2), twin="parts"),
    Case("normalization", "LocalResponseNormalization", (), (2, 3, 4, 6), twin="stand-in"),
    Case("models", "FCNN", ((5,), 3, 0.0), (4, 6), twin="parts", classes=3),
)  # fmt: skip


def test_every_layer_and_network_is_measured():
    names = {
        name
        for exercise in syllabus.exercises()
        if exercise.unit in UNITS and exercise.may_use == "keras"
        for name in exercise.names
    }
    assert names - ELSEWHERE <= {case.name for case in CASES}
    assert {case.group for case in CASES} == set(GROUPS)
    assert len({case.title for case in CASES}) == len(CASES)


def test_the_convolutions_have_the_sizes_of_the_networks_layers():
    convolutions = [case for case in CASES if case.group == "convolution"]
    plain = [case for case in convolutions if case.name == "Conv2D"]
    assert {case.shape[0] for case in convolutions} == {8, 32}
    assert {28, 32, 56, 14, 7} <= {case.shape[1] for case in convolutions}
    assert {case.arguments[1] for case in plain} >= {1, 3, 5, 7, 11}
    assert {case.arguments[2] for case in plain} >= {1, 2}
    channels = {n for case in plain for n in (case.shape[3], case.arguments[0])}
    assert {1, 512} <= channels
    assert any(case.name == "DepthwiseConv2D" for case in convolutions)


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_both_sides_agree_in_every_pass_before_they_are_measured(case):
    rows = list(measuring.measure(case, ["eager"], pairs=1, least=0.0))
    wanted = [name for name in case.passes if name != "train" or rows[0]["weights"]]
    assert [row["pass"] for row in rows] == wanted
    assert all(row["ours"] > 0 and row["theirs"] > 0 for row in rows)


def test_sides_that_compute_different_things_are_refused(monkeypatch):
    case = SMALL[0]
    both = sides.both

    def with_another_bias(case, rng):
        ours, theirs = both(case, rng)
        theirs.bias.assign(theirs.bias + 1.0)
        return ours, theirs

    monkeypatch.setattr(sides, "both", with_another_bias)
    with pytest.raises(measuring.Differs, match=r"Conv2D.*forward.*away"):
        list(measuring.measure(case, ["eager"], pairs=1, least=0.0))


@pytest.mark.parametrize(
    "theirs", [np.ones((2, 3)), [np.ones((3, 2)), None], np.full((3, 2), np.nan)]
)
def test_other_shapes_and_no_numbers_differ(theirs):
    with pytest.raises(measuring.Differs):
        measuring.refuse_if_different(SMALL[0], "eager", np.ones((3, 2)), theirs)


def test_a_training_step_moves_the_weights_and_a_measurement_leaves_them():
    case = SMALL[-1]
    rng = np.random.default_rng(0)
    ours, _ = both = sides.both(case, rng)
    x, targets = passes.given(case, rng)
    step = passes.Side(case, ours, x, targets, "eager").passes()["train"]
    before = ours.get_weights()
    step()
    after = ours.get_weights()
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    ours.set_weights(before)
    with measuring._weights_kept(both):
        step()
    for a, b in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.linux
@pytest.mark.skipif(not memory.can_be_measured(), reason="needs Linux and glibc")
def test_the_peak_of_memory_is_what_a_pass_needs_at_once():
    def needs(megabytes, kept=()):
        return lambda: [np.ones(2**17 * megabytes) for _ in range(3)] and None

    def one_after_the_other():
        for _ in range(3):
            np.ones(2**17 * 16)

    together, in_turn = memory.peak(needs(16)), memory.peak(one_after_the_other)
    assert 44 < together / 2**20 < 56
    assert 14 < in_turn / 2**20 < 24


def row(group, case, mode="eager", ours=1.0, theirs=1.0, **rest):
    name = rest.pop("pass_", "train")
    memory = rest.pop("memory", [2**22, 2**21])
    return {
        "group": group, "case": case, "mode": mode, "pass": name, "weights": True,
        "ours": ours, "theirs": theirs, "low": 0.9, "high": 1.1, "pairs": 9,
        "memory": memory, **rest,
    }  # fmt: skip


ROWS = [
    row("convolution", "Conv2D(1)", ours=0.002, theirs=0.001),
    row("convolution", "Conv2D(2)", ours=0.001, theirs=0.002),
    row("pooling", "MaxPooling2D(2)", ours=0.008, pass_="backward", theirs=0.001,
        weights=False),
    row("models", "VGG16(10)", ours=0.09, theirs=0.1, memory=[1000, 2000]),
]  # fmt: skip


def test_means_are_geometric_by_group_and_over_all():
    found = summary.means(ROWS)["eager", "train"]
    assert found["convolution"] == pytest.approx(1.0)
    assert found["pooling"] == pytest.approx(8.0)  # without weights: its gradients
    assert found["layers"] == pytest.approx(2.0)  # of 2, 1/2 and 8
    assert found["all"] == pytest.approx(7.2 ** (1 / 4))
    assert "pooling" not in summary.means(ROWS)["eager", "forward"]
    assert [r["case"] for r in summary.above(ROWS)] == ["MaxPooling2D(2)"]


def test_memory_too_small_to_be_seen_makes_no_ratio():
    assert summary.memory_ratio(ROWS[0]) == 2.0
    assert summary.memory_ratio(ROWS[3]) is None
    assert summary.memory_ratio({}) is None
    assert "models" not in summary.memory_means(ROWS)["eager"]


def layers(rows=ROWS, **machine):
    return {
        "machine": MACHINE | machine, "rows": list(rows), "seconds": 125, "pairs": 9,
        "modes": ["eager", "compile"],
    }  # fmt: skip


def test_the_page_shows_every_row_its_machine_and_how_to_measure_it_again(tmp_path):
    records.put("layers/torch", layers(), tmp_path)
    written = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    for each in ROWS:
        assert f"| {each['case']} | eager |" in written
    assert "Invented 9000" in written and "2026-01-02" in written
    assert "| all layers (no blocks, no models) |  |" in written
    assert "1 of 4 rows are above 2" in written
    assert "8.00 (0.90–1.10)" in written
    tables = written.count("\n| ---")
    assert written.count("\n    python bench/") == tables > 3


def test_convolutions_and_goals_come_onto_the_same_page(tmp_path):
    way = {
        "case": "3×3: im2col", "shape": "3×3", "operations": 2e9, "way": "im2col",
        "mode": "eager", "pass": "forward", "seconds": 0.1, "low": 0.09, "high": 0.2,
        "error": 3e-7,
    }  # fmt: skip
    section = {"machine": MACHINE, "rows": [way], "matmul": 4e10, "bandwidth": 1e10}
    records.put("convolutions/torch", section, tmp_path)
    goals = [
        records.goal_row("a check", [0.1, 0.3, 0.2], "s", 0.3),
        records.goal_row("graded", [1.0], "/s", 4.0, more_is_better=True),
        records.goal_row("memory", [10.0], "MiB"),
    ]
    found = {"title": "Speed", "command": "python bench/x.py", "machine": MACHINE}
    records.put("grading/x", {**found, "rows": goals}, tmp_path)
    written = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert (
        "| 3×3 | im2col | eager | 100 | 90.0 – 200 | 20.0 | 50 % | 3e-07 |" in written
    )
    assert "| a check | 0.2 s | 0.1 – 0.3 | ≤ 0.3 s | met |" in written
    assert "| graded | 1 /s |  | ≥ 4 /s | missed |" in written
    assert "| memory | 10 MiB |  |  |  |" in written


def test_rows_that_are_measured_again_replace_their_old_ones(tmp_path):
    records.put("layers/torch", layers(), tmp_path)
    records.put("layers/tensorflow", layers([], backend="tensorflow 2"), tmp_path)
    again = [ROWS[0] | {"ours": 0.5}]
    records.put("layers/torch", layers(again, date="2027-01-01"), tmp_path, part=True)
    found = records.read(tmp_path)
    assert [r["ours"] for r in found["layers/torch"]["rows"]] == [
        0.5,
        0.001,
        0.008,
        0.09,
    ]
    assert "layers/tensorflow" in found
    with pytest.raises(records.OtherMachine, match="Invented 9000"):
        other = layers(again, processor="Another")
        records.put("layers/torch", other, tmp_path, part=True)
    records.put("layers/torch", layers(again, processor="Another"), tmp_path)
    assert len(records.read(tmp_path)["layers/torch"]["rows"]) == 1


def test_the_recorded_page_is_the_one_that_its_numbers_make():
    """`docs/benchmarks.md` is written, never edited."""
    sections, file = records.read(), records.ROOT / "docs" / records.PAGE
    assert file.exists() == bool(sections)  # nothing recorded, no page
    if sections:
        assert file.read_text(encoding="utf-8") == page.written(sections)
        again = json.loads(records.as_text(sections))
        assert again == sections


def test_a_pass_has_a_name_and_every_mode_of_a_case_is_possible():
    assert set(PASSES) == {"forward", "backward", "train"}
    assert set(passes.possible_modes()) <= set(passes.MODES[passes.BACKEND])
