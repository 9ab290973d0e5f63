"""Reading an exercise file with care: one clear sentence for each fault."""

import pytest

from autograder.grading.submission import UnreadableSubmission, read
from course import syllabus

CONV2D = syllabus.find("conv2d")[0]


def fault(path) -> str:
    with pytest.raises(UnreadableSubmission) as caught:
        read(path, CONV2D, "exercises/u05_convolution/conv2d.py")
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "conv2d.py"


def test_a_missing_file_names_the_way_out(file):
    assert "layerwise reset u05_convolution/conv2d" in fault(file)


def test_a_folder_is_no_file(file):
    file.mkdir()
    assert "can't be read" in fault(file)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le-bom"])
def test_utf16_is_named(file, encoding):
    data = "x = 1\n".encode("utf-16")
    file.write_bytes(data if encoding == "utf-16" else b"\xfe\xff" + data[2:])
    assert "UTF-16" in fault(file)


def test_latin1_without_a_declaration_is_named(file):
    file.write_bytes("# café\n".encode("latin-1"))
    assert "not UTF-8" in fault(file)


def test_a_declared_encoding_is_respected(file):
    file.write_bytes("# coding: latin-1\nx = 'café'\n".encode("latin-1"))
    assert "café" in read(file, CONV2D).source


def test_a_byte_order_mark_is_no_fault(file):
    file.write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert read(file, CONV2D).source == "x = 1\n"


def test_windows_line_ends_make_no_difference(file):
    file.write_bytes(b"x = 1\r\ny = 2\r\n")
    windows = read(file, CONV2D)
    file.write_bytes(b"x = 1\ny = 2\n")
    assert windows.sha256 == read(file, CONV2D).sha256


def test_null_bytes_are_named(file):
    file.write_bytes(b"x = 1\0\n")
    assert "null bytes" in fault(file)


def test_a_file_of_two_megabytes_is_refused(file):
    file.write_bytes(b"#" * 2**21)
    assert "larger than 1 MiB" in fault(file)


def test_merge_marks_are_named_with_their_line(file):
    file.write_text("a = 1\n<<<<<<< HEAD\nb = 2\n=======\nb = 3\n>>>>>>> theirs\n")
    message = fault(file)
    assert "merge marks at line 2 (<<<<<<< HEAD)" in message
    assert "layerwise reset" in message


def test_an_underline_in_a_docstring_is_no_merge_mark(file):
    file.write_text('"""Title\n=======\n"""\n')
    assert "Title" in read(file, CONV2D).source
