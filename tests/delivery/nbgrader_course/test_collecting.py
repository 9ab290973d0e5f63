"""What `nbgrader collect` takes from an exchange that students can write to."""

import datetime

import pytest

pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")

UNIT = "u01_numpy_mlp"
NOTEBOOK = f"{UNIT}.ipynb"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def inbound(tmp_path):
    folder = tmp_path / "exchange/dl101/inbound"
    folder.mkdir(parents=True)
    (tmp_path / "exchange").chmod(0o777)
    return folder


@pytest.fixture
def collect(tmp_path, inbound):
    """Collects; gives the course's submitted/ folder."""
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from autograder.delivery.nbgrader_plugins.collecting import TrustedCollect

    (tmp_path / "course").mkdir()

    def run():
        names = {"course_id": "dl101", "assignment_id": UNIT, "student_id": "*"}
        course = CourseDirectory(root=str(tmp_path / "course"), **names)
        config = Config({"Exchange": {"root": str(tmp_path / "exchange")}})
        TrustedCollect(
            coursedir=course, authenticator=Authenticator(), config=config
        ).start()
        return tmp_path / "course/submitted"

    return run


def now():
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def hand_in(inbound, student, time):
    folder = inbound / f"{student}+{UNIT}+{time}+x"
    folder.mkdir()
    (folder / NOTEBOOK).write_text(f"{student}'s")
    (folder / "timestamp.txt").write_text(str(time))
    return folder


def time_of(submitted, student):
    from nbgrader.utils import parse_utc

    return parse_utc((submitted / student / UNIT / "timestamp.txt").read_text().strip())


@pytest.mark.parametrize("claimed", [-300 * DAY, 300 * DAY])
def test_a_claimed_time_far_from_the_arrival_is_not_believed(inbound, collect, claimed):
    hand_in(inbound, "eve", f"{now() + claimed:%Y-%m-%d %H:%M:%S} UTC")
    assert abs(time_of(collect(), "eve") - now()) < DAY


def test_an_honest_time_is_kept(inbound, collect):
    time = now().replace(microsecond=0) - datetime.timedelta(seconds=90)
    hand_in(inbound, "ada", f"{time} UTC")
    assert time_of(collect(), "ada") == time


def test_a_name_without_a_time_does_not_keep_others_from_being_collected(
    inbound, collect
):
    hand_in(inbound, "eve", "whenever")
    hand_in(inbound, "ada", f"{now()} UTC")
    submitted = collect()
    assert {path.name for path in submitted.iterdir()} == {"ada", "eve"}


def test_a_link_to_the_solutions_is_left_out(inbound, collect, tmp_path):
    secret = tmp_path / "solution.ipynb"
    secret.write_text("the solution")
    folder = hand_in(inbound, "eve", f"{now()} UTC")
    (folder / NOTEBOOK).unlink()
    (folder / NOTEBOOK).symlink_to(secret)
    assert not (collect() / "eve" / UNIT / NOTEBOOK).exists()


def test_a_link_to_somebody_elses_submission_is_left_out(inbound, collect):
    ada = hand_in(inbound, "ada", f"{now()} UTC")
    (inbound / f"eve+{UNIT}+{now()} UTC+x").symlink_to(ada)
    submitted = collect()
    assert (submitted / "ada" / UNIT / NOTEBOOK).exists()
    assert not (submitted / "eve" / UNIT / NOTEBOOK).exists()


def test_a_folder_in_place_of_the_timestamp_is_replaced(inbound, collect):
    folder = hand_in(inbound, "eve", f"{now()} UTC")
    (folder / "timestamp.txt").unlink()
    (folder / "timestamp.txt").mkdir()
    assert abs(time_of(collect(), "eve") - now()) < DAY
