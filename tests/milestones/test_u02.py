"""The milestone of u02: u01's networks learn without a backward method."""

import pytest

from course.milestones import u02


@pytest.fixture(scope="module")
def milestone(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_PARTS", "solutions")
        return u02.run(tmp_path_factory.mktemp("u02"))


@pytest.mark.trains
@pytest.mark.parametrize(
    "name, accuracy", [("xor", 1.0), ("swiss_roll", 0.98), ("iris", 0.95)]
)
def test_it_learns(milestone, name, accuracy):
    assert milestone[name] >= accuracy


@pytest.mark.trains
@pytest.mark.parametrize("name", ["xor", "swiss_roll", "iris"])
def test_its_gradients_are_those_that_were_written_by_hand(milestone, name):
    assert milestone["differences"][name] < 1e-12


@pytest.mark.trains
def test_it_draws_the_boundaries_and_names_whose_pieces_they_were(milestone):
    assert [path.name for path in milestone["pictures"]] == [
        "xor.png",
        "swiss_roll.png",
    ]
    assert all(path.stat().st_size > 10_000 for path in milestone["pictures"])
    assert set(milestone["parts"].values()) == {"solutions"}
