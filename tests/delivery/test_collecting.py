"""What is found in folders, zips, downloads and clones, and what is left alone."""

import os
import stat
import zipfile

import nbformat
import pytest

from autograder.delivery import layouts, notebooks, unzipping
from autograder.delivery.collecting import NothingToGrade, collect
from autograder.delivery.times import with_times
from course import syllabus

CODE = "x = 1\n"


@pytest.fixture
def gather(tmp_path):
    def gather(*places, only="u05"):
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        return collect(places, syllabus.find(only), scratch)

    return gather


def put(path, text=CODE):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def who(found):
    return {(one.student, one.exercise.name) for one in found.handed}


def test_a_subfolder_is_a_student_whatever_it_is_called(tmp_path, gather):
    names = ["O'Neil, Zoë", '=1+1"', "-a b", "名前", "back\\slash", "a\nb"]
    for name in names:
        put(tmp_path / "class" / name / "u05_convolution" / "conv2d.py")
    assert who(gather(tmp_path / "class")) == {(name, "conv2d") for name in names}


def test_a_name_that_is_no_text_can_be_written_down(tmp_path, gather):
    folder = os.fsencode(tmp_path / "class") + b"/l\xe9a"
    os.makedirs(folder)
    with open(folder + b"/conv2d.py", "w") as file:
        file.write(CODE)
    (one,) = gather(tmp_path / "class").handed
    assert one.student == "l\\xe9a"
    assert one.path.encode()
    assert one.file.read_text() == CODE


def test_a_folder_of_one_student_bears_their_name(tmp_path, gather):
    put(tmp_path / "ann" / "u05_convolution" / "conv2d.py")
    put(tmp_path / "ann" / "u05_convolution" / "pooling.py")
    put(tmp_path / "ben" / "conv2d.py")
    found = gather(tmp_path / "ann", tmp_path / "ben")
    assert who(found) == {("ann", "conv2d"), ("ann", "pooling"), ("ben", "conv2d")}


def test_of_a_clone_only_its_exercises_count(tmp_path, gather):
    clone = tmp_path / "class" / "ann"
    mine = put(clone / "exercises" / "u05_convolution" / "conv2d.py", "mine = 1\n")
    for other in ("solutions/u05_convolution", ".git", ".venv/lib", "old/u05"):
        put(clone / other / "conv2d.py", f"other = {other!r}\n")
    (one,) = gather(tmp_path / "class").handed
    assert one.file == mine
    assert one.submitted_at is None


def test_canvas_names_are_understood_and_its_last_upload_counts(tmp_path, gather):
    folder = tmp_path / "submissions"
    put(folder / "mullerlena_LATE_12345_67890_conv2d.py", "first = 1\n")
    put(folder / "mullerlena_12345_67899_conv2d-1.py", "second = 1\n")
    put(folder / "obrienpat_777_888_pooling.py")
    found = gather(folder)
    assert who(found) == {("mullerlena_12345", "conv2d"), ("obrienpat_777", "pooling")}
    lena = next(one for one in found.handed if "lena" in one.student)
    assert lena.file.read_text() == "second = 1\n"


def test_moodle_folders_and_flat_files_are_understood(tmp_path, gather):
    folder = tmp_path / "download"
    put(folder / "Lena Müller_1234567_assignsubmission_file_" / "conv2d.py")
    put(folder / "Lena Müller_1234567_assignsubmission_onlinetext_" / "pooling.py")
    put(folder / "Pat O_Brien_22_assignsubmission_file_conv2d.py")
    put(folder / "Sam Lee_3_assignsubmission_file_" / "conv2d.py")
    put(folder / "Sam Lee_4_assignsubmission_file_" / "conv2d.py")
    assert who(gather(folder)) == {
        ("Lena Müller", "conv2d"),
        ("Pat O_Brien", "conv2d"),
        ("Sam Lee_3", "conv2d"),
        ("Sam Lee_4", "conv2d"),
    }


def test_a_zip_of_a_class_holds_zips_of_students(tmp_path, gather):
    inner = zipped(tmp_path / "inner.zip", {"work/u05_convolution/conv2d.py": CODE})
    outer = zipped(
        tmp_path / "class.zip",
        {
            "submissions/ann/mine.zip": inner.read_bytes(),
            "submissions/ben/conv2d.py": CODE,
        },
    )
    assert who(gather(outer)) == {("ann", "conv2d"), ("ben", "conv2d")}


def test_a_notebook_gives_each_of_its_exercises(tmp_path, gather, pytestconfig):
    (unit,) = [u for u in syllabus.units() if u.number == "u05"]
    points = {exercise.id: 1.0 for exercise in unit.exercises}
    notebook = notebooks.notebook(unit, pytestconfig.rootpath, points)
    path = tmp_path / "class" / "ann" / "u05_convolution.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    found = gather(tmp_path / "class")
    assert who(found) == {("ann", e.name) for e in unit.exercises}
    for one in found.handed:
        solution = pytestconfig.rootpath / "solutions" / one.exercise.path
        assert one.file.read_text(encoding="utf-8") == solution.read_text(
            encoding="utf-8"
        )


def test_links_pipes_and_devices_are_left_alone(tmp_path, gather):
    secret = put(tmp_path / "secret.py", "secret = 1\n")
    ann = tmp_path / "class" / "ann"
    put(ann / "pooling.py")
    (ann / "conv2d.py").symlink_to(secret)
    (ann / "more").symlink_to(tmp_path)
    os.mkfifo(ann / "numpy_conv2d.py")  # opening it would wait for ever
    found = gather(tmp_path / "class")
    assert who(found) == {("ann", "pooling")}
    assert sum("a link, a pipe or a device" in text for text in found.problems) == 2


def test_a_zip_writes_nothing_outside_its_folder(tmp_path, gather):
    link = zipfile.ZipInfo("ann/link/conv2d.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = tmp_path / "class.zip"
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("../../outside.py", CODE)
        members.writestr("/absolute.py", CODE)
        members.writestr("..\\..\\windows.py", CODE)
        members.writestr(link, "/etc/passwd")
        members.writestr("ann/pooling.py", CODE)
        members.writestr("ben/conv2d.py", CODE)
    found = gather(archive)
    assert who(found) == {("ann", "pooling"), ("ben", "conv2d")}
    assert sum("leads out" in text for text in found.problems) == 3
    assert any("link or a device" in text for text in found.problems)
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"class.zip", "pooling.py", "conv2d.py"}


def test_a_zip_bomb_is_stopped_while_it_unpacks(tmp_path, gather, monkeypatch):
    monkeypatch.setattr(unzipping, "MAX_FILE", 2**20)
    bomb = b"\0" * (2**21)
    archive = zipped(tmp_path / "c.zip", {"ann/conv2d.py": bomb, "ben/conv2d.py": CODE})
    found = gather(archive)
    assert who(found) == {("ben", "conv2d")}
    assert any("is larger than 1 MiB" in text for text in found.problems)
    assert sum(f.stat().st_size for f in tmp_path.rglob("*.py")) < 2**20


def test_zips_in_zips_end(tmp_path, gather):
    data = zipped(tmp_path / "0.zip", {"conv2d.py": CODE}).read_bytes()
    for level in range(1, 6):
        path = zipped(
            tmp_path / f"{level}.zip", {"ann/x.zip": data, "ben/pooling.py": CODE}
        )
        data = path.read_bytes()
    found = gather(path)
    assert any("too deep" in text for text in found.problems)


def test_half_a_zip_is_told_and_the_others_are_taken(tmp_path, gather):
    whole = zipped(tmp_path / "x.zip", {"conv2d.py": CODE}).read_bytes()
    put(tmp_path / "class" / "ben" / "conv2d.py")
    (tmp_path / "class" / "ann").mkdir()
    (tmp_path / "class" / "ann" / "x.zip").write_bytes(whole[: len(whole) // 2])
    found = gather(tmp_path / "class")
    assert who(found) == {("ben", "conv2d")}
    assert any("no whole zip file" in text for text in found.problems)


def test_two_different_answers_are_not_chosen_between(tmp_path, gather):
    put(tmp_path / "class" / "ann" / "conv2d.py", "a = 1\n")
    put(tmp_path / "class" / "ann" / "final" / "conv2d.py", "a = 2\n")
    put(tmp_path / "class" / "ben" / "conv2d.py", "same = 1\n")
    put(tmp_path / "class" / "ben" / "copy" / "conv2d.py", "same = 1\n")
    ann, ben = gather(tmp_path / "class").handed
    assert "they differ" in ann.problem and "final/conv2d.py" in ann.problem
    assert ben.problem == ""


def test_a_name_of_two_units_asks_which(tmp_path, gather):
    put(tmp_path / "class" / "ann" / "dense.py")
    put(tmp_path / "class" / "ben" / "u03" / "dense.py")
    scratch = tmp_path / "s"
    scratch.mkdir()
    found = collect([tmp_path / "class"], syllabus.exercises(), scratch)
    assert {(o.student, o.exercise.id) for o in found.handed} == {
        ("ben", "u03_layers/dense")
    }
    assert any("which exercise is it" in text for text in found.problems)


def test_where_there_is_nothing_it_is_said(tmp_path, gather):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToGrade, match="holds no exercise file"):
        gather(tmp_path / "empty")


def test_times_come_from_the_instructors_table_alone(tmp_path, gather):
    put(tmp_path / "class" / "ann" / "conv2d.py")
    put(tmp_path / "class" / "ben" / "conv2d.py")
    table = put(
        tmp_path / "times.csv",
        "student,submitted_at\nann,2026-11-02T23:59:00+01:00\n",
    )
    found = with_times(gather(tmp_path / "class"), table)
    assert {o.student: o.submitted_at for o in found.handed} == {
        "ann": "2026-11-02T23:59:00+01:00",
        "ben": None,
    }
    put(table, "student,submitted_at\nann,2026-11-02 23:59\n")
    with pytest.raises(NothingToGrade, match="no zone"):
        with_times(found, table)


@pytest.mark.parametrize("name", ["conv2d.py", "a_b_c.py", "x_1_conv2d.py"])
def test_plain_names_are_no_platforms(name):
    assert layouts.of_canvas(name) is None
    assert layouts.of_moodle(name) is None
