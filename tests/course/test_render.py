"""Feedback as a student meets it: in a terminal, in a pipe, as HTML."""

import html.parser
import io
import re

import pytest
from rich.console import Console

from autograder.grading.outcome import CATEGORIES
from course import syllabus
from course.cli import render
from course.cli.feedback import clean, feedback, short_name

(POOLING,) = syllabus.find("pooling")
ESCAPE = "\x1b"


def outcome(category, title="matches keras", **more):
    passed = category == "passed"
    message = "" if passed else f"{title} went wrong"
    base = {"check": "test_it", "title": title, "scope": "public", "category": category}
    points = {"points": 2.0 * passed, "max_points": 2.0}
    texts = {"message": message, "detail": "", "explanation": "", "printed": ""}
    return {**base, **points, **texts, "frames": [], "mistake": "", **more}


def result(*outcomes):
    return {
        "exercise": "u05_convolution/conv2d",
        "outcomes": list(outcomes),
        "points": sum(o["points"] for o in outcomes),
        "max_points": sum(o["max_points"] for o in outcomes),
        "passed": all(o["category"] == "passed" for o in outcomes),
    }


def shown(*outcomes, width=100, following=None, **console):
    """What the terminal shows after a check with these outcomes."""
    stream = io.StringIO()
    view = render.CheckView(
        Console(file=stream, width=width, highlight=False, **console)
    )
    with view:
        view.event({"event": "start", "exercise": "conv2d", "total": len(outcomes)})
        for one in outcomes:
            view.event({"event": "outcome", **one})
        view.finish(result(*outcomes), following)
    return stream.getvalue()


def test_a_failure_is_told_with_all_that_is_known():
    text = shown(
        outcome("passed", "has the weights"),
        outcome(
            "wrong_values",
            message="the result: 3 of 9 values differ.",
            detail="where they differ:\n  ··██",
            explanation="Your kernel is flipped.",
            frames=[(41, "    y = ops.einsum(x)", "call")],
            printed="hello\n",
        ),
    )
    for line in (
        "✓ has the weights",
        "✗ wrong values: matches keras",
        "  the result: 3 of 9 values differ.",
        "      ··██",
        "  line 41  y = ops.einsum(x)  in call",
        "  → Your kernel is flipped.",
        "  │ hello",
        "1 of 2 checks pass, 2 of 4 points.",
        "  layerwise hint conv2d",
    ):
        assert line in text.splitlines()


def test_results_are_shown_before_the_check_has_ended():
    stream = io.StringIO()
    view = render.CheckView(Console(file=stream))
    view.start("conv2d", 2)
    view.outcome(outcome("passed", "has the weights"))
    assert "✓ has the weights" in stream.getvalue()
    view.outcome(outcome("wrong_shape", "matches keras"))
    assert "✗ wrong shape: matches keras" in stream.getvalue()


def test_of_many_failures_only_the_first_is_shown_in_full():
    names = [f"check {number}" for number in range(5)]
    text = shown(*(outcome("wrong_values", n, detail=f"picture of {n}") for n in names))
    assert "picture of check 0" in text
    assert "picture of check 1" not in text
    assert "4 more fail:" in text
    assert all(f"{name} went wrong" in text for name in names)


def test_three_failures_are_all_shown_in_full():
    text = shown(*(outcome("wrong_values", n, detail=f"picture of {n}") for n in "abc"))
    assert all(f"picture of {name}" in text for name in "abc")


def test_one_explanation_is_told_once():
    failures = (outcome("wrong_values", n, explanation="Flipped.") for n in "abcdef")
    assert shown(*failures).count("Flipped.") == 1


def test_checks_that_fail_for_one_reason_are_told_together():
    text = shown(*(outcome("raised", n, message="ValueError: no") for n in "abc"))
    assert text.count("ValueError: no") == 1
    assert "2 more checks fail for the same reason." in text


def wrapped(error, layer="Conv2D", arguments="inputs=torch.Tensor(shape=[2, 9])"):
    """As Keras words an error that a layer's call raises."""
    return (
        f"Exception encountered when calling {layer}.call().\n\n{ESCAPE}[1m{error}"
        f"{ESCAPE}[0m\n\nArguments received by {layer}.call():\n  • {arguments}\n  • x=1"
    )


def test_the_words_that_keras_puts_around_an_error_are_taken_away():
    inner = wrapped("bad axis", "Inner", "inputs=3")
    text = shown(outcome("raised", message=f"ValueError: {wrapped(inner)}"))
    assert "  ValueError: bad axis\n  Called with inputs=3, x=1\n" in text
    assert "Exception encountered" not in text
    assert "Arguments received" not in text


def test_errors_that_differ_in_their_arguments_only_are_one():
    messages = [wrapped("bad axis", arguments=f"inputs={n}") for n in range(3)]
    text = shown(*(outcome("raised", "a", message=m) for m in messages))
    assert "2 more checks fail for the same reason." in text


def test_the_same_error_at_the_same_line_is_one_whatever_sizes_it_names():
    def error(number, line):
        message = f"ValueError (line {line}): got {number} rows"
        return outcome("raised", str(number), message=message, frames=[(line, "", "")])

    text = shown(error(1, 5), error(2, 5), error(3, 6))
    assert "1 more check fails for the same reason." in text
    assert "got 3 rows" in text


def test_a_long_line_of_code_is_cut_and_its_function_is_not():
    text = shown(outcome("raised", frames=[(4, "x = " + "y" * 200, "call")]), width=60)
    assert re.search(r"line 4  x = y+…  in call$", text, re.MULTILINE)


def test_a_stub_is_met_with_its_tasks_and_without_alarm():
    task = {"message": "The kernel. (line 91)", "frames": [(91, "raise …", "build")]}
    later = {"message": "The sum. (line 99)", "frames": [(99, "raise …", "call")]}
    text = shown(
        outcome("not_attempted", "a", **later),
        outcome("not_attempted", "b", **task),
        outcome("not_attempted", "c", **task),
        force_terminal=True,
    )
    plain = clean(text)
    assert "○ conv2d is not written yet" in plain
    assert plain.index("line 91  The kernel.") < plain.index("line 99  The sum.")
    assert plain.count("The kernel.") == 1
    assert "✗" not in plain
    assert f"{ESCAPE}[1;31m" not in text
    assert f"{ESCAPE}[31m" not in text


def test_what_waits_for_another_check_says_for_which():
    later = (outcome("not_judged", name, message="Later.") for name in "bc")
    text = shown(outcome("wrong_shape", "a"), *later)
    assert "– could not be judged yet: b, c\n  Later.\n" in text


def test_a_file_that_python_can_not_read_is_told_once_without_a_checks_name():
    message = "conv2d.py, line 3: '(' was never closed"
    text = shown(*(outcome("syntax_error", n, message=message) for n in "abc"))
    assert text.count("Python can't read the file") == 1
    assert "layerwise check conv2d" in text


def test_when_all_pass_the_next_exercise_is_named():
    text = shown(outcome("passed", "a"), following=POOLING)
    assert "The check passes: conv2d is done. Next: pooling" in text
    assert "layerwise check pooling" in text
    assert "layerwise" not in shown(outcome("passed", "a"), following=None)


def test_many_passing_checks_are_counted():
    titles = [f"check number {n}" for n in range(render.MANY + 1)]
    text = shown(*(outcome("passed", title) for title in titles))
    assert f"✓ {len(titles)} checks pass" in text
    assert "check number 3" not in text


def test_a_fault_of_the_grader_is_not_called_the_students():
    text = shown(outcome("grader_error", message="KeyError: 'x'"))
    assert "a fault of the grader, not yours" in text
    assert "✗ a fault" not in text.partition("\n\n")[2]
    assert "layerwise doctor" in text
    assert "Mend" not in text


def test_what_was_printed_is_cut_to_its_end():
    text = shown(outcome("raised", printed="\n".join(f"line {n}" for n in range(40))))
    assert "Printed, after 30 more lines:" in text
    assert "│ line 39" in text
    assert "│ line 29" not in text


@pytest.mark.parametrize("category", sorted(set(CATEGORIES) - {"passed"}))
def test_every_category_is_told_in_words_without_colour(category):
    assert CATEGORIES[category] in shown(outcome(category))


def test_there_is_no_colour_in_a_pipe_nor_with_no_color(monkeypatch):
    failing = outcome("raised", explanation="Because.")
    assert ESCAPE not in shown(failing)
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = re.compile(ESCAPE + r"\[[0-9;]*3[0-7]")
    assert not coloured.search(shown(failing, force_terminal=True))


HOSTILE = "[bold red]x[/] \x1b[2J\x1b]0;title\x07 a\rb \u202eevil\u0007 <b>"


def everywhere(text):
    """A failure with the same text in every field that a submission can reach."""
    frames = [(1, text, text)]
    return outcome("raised", text, message=text, detail=text, explanation=text,
                   frames=frames, printed=text)  # fmt: skip


def test_text_of_the_submission_neither_colours_nor_moves_the_cursor():
    text = shown(everywhere(HOSTILE), width=200)
    assert not set(text) & set("\x1b\x07\r\u202e")
    assert text.count("[bold red]x[/]") >= 6


@pytest.mark.parametrize("width", [40, 60, 120])
def test_nothing_is_wider_than_the_terminal(width):
    long = "a long text without an end " * 12 + "w" * 150
    text = shown(everywhere(long), *(outcome("wrong_values", long + n) for n in "abcd"),
                 width=width)  # fmt: skip
    assert max(map(len, text.splitlines())) <= width


class Page(html.parser.HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_html_shows_markup_as_text():
    attack = "<script>alert(1)</script><img src=x onerror=y> \" ' &lt;"
    failures = [everywhere(attack), *(outcome("raised", attack + n) for n in "abc")]
    page = Page(render.as_html(result(*failures)))
    assert not page.tags & {"script", "img", "b"}
    assert all(name == "class" for name, _ in page.attributes)
    assert attack in page.text


def test_html_needs_nothing_from_elsewhere():
    text = render.as_html(result(everywhere("x")))
    assert not re.search(r"https?:|src=|href=|url\(|@import", text)


def test_html_says_what_the_terminal_says():
    outcomes = (
        outcome("passed", "has the weights"),
        outcome("raised", "a", detail="picture", explanation="Because.",
                frames=[(4, "y = x", "call")], printed="hello"),
        outcome("wrong_shape", "b"),
        outcome("not_judged", "c", message="Later."),
        outcome("grader_error", "d"),
        outcome("not_attempted", "e", message="The sum. (line 9)", frames=[(9, "", "")]),
    )  # fmt: skip
    page = Page(render.as_html(result(*outcomes))).text
    found = feedback(result(*outcomes))
    text, command = found.next_step(None)
    for piece in (
        "✓ has the weights", "your code raised an error: a", "picture", "Because.",
        "line 4  y = x  in call", "hello", "wrong shape: b", "Later.", "The sum.",
        "a fault of the grader", found.score, text, command,
    ):  # fmt: skip
        assert piece in page, piece


def test_html_tells_what_could_not_be_saved():
    page = render.as_html({**result(outcome("passed")), "warning": "Disk <full>."})
    assert "Disk &lt;full&gt;." in page


def test_names_are_as_short_as_they_can_be():
    dense = [e for e in syllabus.exercises() if e.name == "dense"]
    assert [syllabus.find(short_name(e)) for e in dense] == [(e,) for e in dense]
    assert short_name(POOLING) == "pooling"
