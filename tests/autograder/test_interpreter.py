"""The interpreter: what a submission's objects answer, and how errors are told."""

import sys

import numpy as np
import pytest

from autograder.sandbox import wire
from autograder.sandbox.interpreter import Interpreter


class Client:
    """Asks an interpreter as a check would, over the wire."""

    def __init__(self, traces=None):
        self.interpreter = Interpreter(traces)
        self.asked = 0

    def ask(self, do, **arguments):
        self.asked += 1
        request = {"id": self.asked, "do": do, **arguments}
        answer = wire.unpack(self.interpreter.handle(wire.pack(request)))
        assert answer.pop("id") == self.asked
        return answer

    def load(self, source, **options):
        defaults = {"tensors": False, "forbidden": [], "seed": 1}
        names = {"filename": "layer.py", "name": "submission_test"}
        return self.ask("load", source=source, **names, **(defaults | options))

    def call(self, source, *args):
        """Loads `source` and calls its function f."""
        module = self.load(source)["value"]
        function = self.ask("get", target=module, name="f")["value"]
        return self.ask("call", target=function, args=list(args), kwargs={})


def error_of(source, *args):
    return Client().call(source, *args)["error"]


def test_plain_values_come_back_and_the_rest_stays():
    answer = Client().call("def f(x): return [x + 1, (None, 'a'), {1: b'b'}, len]", 2)
    value = answer["value"]
    assert value[:3] == [3, (None, "a"), {1: b"b"}]
    assert isinstance(value[3], wire.Reference)


def test_tensors_come_back_as_arrays():
    source = "import keras\ndef f(x): return keras.ops.convert_to_tensor(x) * 2"
    value = Client().call(source, np.ones((2, 3), "float32"))["value"]
    assert value.dtype == np.float32 and value.tolist() == [[2.0] * 3] * 2


def test_arrays_reach_a_submission_as_tensors_if_it_works_on_them():
    client = Client()
    source = "import keras\ndef f(x): return keras.ops.is_tensor(x)"
    module = client.load(source, tensors=True)["value"]
    function = client.ask("get", target=module, name="f")["value"]
    call = client.ask("call", target=function, args=[np.ones(2)], kwargs={})
    assert call["value"] is True


@pytest.mark.parametrize(
    "source, kind",
    [
        ("def f(): return 1 / 0", "raised"),
        ("def f(): raise NotImplementedError('write it')", "not_attempted"),
        ("def f(): return [0] * 2**62", "out_of_memory"),
        ("def f(): raise RuntimeError('can\\'t allocate memory')", "out_of_memory"),
        ("def f(): raise SystemExit(0)", "exited"),
        ("def f(): raise KeyboardInterrupt", "exited"),
        ("def f(x): return x", "wrong_signature"),
        ("def f(): return f()", "raised"),
        ("def f(): return 'a' * 10**7", "raised"),
    ],
)
def test_an_error_is_told_with_its_kind(source, kind):
    assert error_of(source)["kind"] == kind


def test_an_error_names_the_lines_that_led_to_it():
    error = error_of("def g():\n    return 1 / 0\n\ndef f():\n    return g()")
    assert error["frames"] == [[5, "return g()", "f"], [2, "return 1 / 0", "g"]]
    assert error["text"] == "division by zero"


def test_a_missing_name_is_told():
    client = Client()
    module = client.load("x = 1")["value"]
    answer = client.ask("get", target=module, name="Conv2D")
    assert answer["error"]["kind"] == "missing_name"


def test_a_syntax_error_in_what_is_loaded_is_told():
    error = Client().load("def f(:\n  pass")["error"]
    assert error["kind"] == "syntax_error" and error["frames"][0][0] == 1


def test_errors_that_resist_being_told_are_told_all_the_same():
    source = """
class Broken(Exception):
    def __str__(self):
        raise SystemExit
def f():
    raise Broken
"""
    assert error_of(source)["kind"] == "raised"


def test_text_that_utf8_has_no_bytes_for_is_told_all_the_same():
    error = error_of("def f(): raise ValueError('\\udcff' * 10_000)")
    assert set(error["text"]) == {"?"} and len(error["text"]) <= 4_000


@pytest.mark.parametrize("make", ["[[]]", "((),)", "{1: {}}"])
def test_what_is_nested_too_deeply_stays(make):
    step = {"[[]]": "[x]", "((),)": "(x,)", "{1: {}}": "{1: x}"}[make]
    source = (
        f"def f():\n    x = {make}\n    for _ in range(60): x = {step}\n    return x"
    )
    assert "value" in Client().call(source)


def test_a_list_that_holds_itself_does_not_end_the_worker():
    answer = Client().call("def f():\n    x = []\n    x.append(x)\n    return x")
    assert "value" in answer or answer["error"]["kind"] == "raised"


def test_a_reference_to_nothing_is_refused():
    client = Client()
    request = {"id": 1, "do": "get", "target": wire.Reference(9), "name": "f"}
    with pytest.raises(wire.WireError, match="no such object"):
        client.interpreter.handle(wire.pack(request))


def test_what_is_printed_is_not_kept_back(capfd):
    source = "def f(): print('here', end='')"
    sys.stdout.flush()
    Client().call(source)
    assert "here" in capfd.readouterr().out


def test_a_worker_that_has_no_traces_of_its_start_is_never_reset():
    assert Client().ask("reset")["value"] is False


HARMLESS = "import keras\nclass A(keras.Layer): pass\ndef f(): return A().name"


def test_a_reset_worker_is_as_good_as_new():
    from autograder.sandbox.traces import Traces

    sys.modules.pop("submission_test", None)
    client = Client(Traces())
    first = client.call(HARMLESS)["value"]
    assert client.ask("reset")["value"] is True
    assert client.call(HARMLESS)["value"] == first
    assert "submission_test" in sys.modules
    client.ask("reset")
    assert "submission_test" not in sys.modules


@pytest.mark.parametrize(
    "change, back",
    [
        ("keras.ops.sum, old = print, keras.ops.sum", "keras.ops.sum = old"),
        ("keras.config.set_floatx('float64')", "keras.config.set_floatx('float32')"),
        ("np.seterr(all='raise')", "np.seterr(all='warn', under='ignore')"),
        ("np.pi, old = 3, np.pi", "np.pi = old"),
        ("import os; os.environ['A'] = 'b'", "del os.environ['A']"),
        ("keras.Layer.new, old = 1, 2", "del keras.Layer.new"),
    ],
)
def test_a_worker_with_traces_of_a_check_is_not_used_again(change, back):
    import keras

    from autograder.sandbox.traces import Traces

    space = {"keras": keras, "np": np}
    client = Client(Traces())
    try:
        exec(change, space)
        reset = client.ask("reset")["value"]
    finally:
        exec(back, space)
    assert reset is (change == "keras.Layer.new, old = 1, 2")  # adding hurts nobody
