"""Carries out requests on a submission's objects and answers with values.

A request is a dict: `id`, `do` (a method below), and its arguments. The answer has the
same `id` and either `value` or `error`. The same interpreter serves in a sandboxed
worker and, for maintainers and `--debug`, in the grading process itself.
"""

import contextlib
import errno
import inspect
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.sandbox import operations, wire
from autograder.sandbox.loading import ForbiddenAPI, load_module, switch_off

_PLAIN = (type(None), bool, int, float, str, bytes)
_TEXT_LIMIT = 4_000  # characters of an error that are sent
_DEPTH = wire.MAX_DEPTH - 4  # requests and answers are nested themselves
_NO_MEMORY = (  # how the backends say it
    "can't allocate memory",
    "not enough memory",
    "OOM when allocating",
    "std::bad_alloc",
)


class MissingName(Exception):
    """The submission does not define a name that the exercise asks for."""


class Interpreter:
    """Holds one submission and the objects that checks have made from it.

    Args:
        traces: A `traces.Traces` from before the first submission, where the process
            is to serve more than one check.
    """

    def __init__(self, traces: Any = None) -> None:
        self._traces = traces
        self.objects: list[Any] = []
        self.filename = "<submission>"
        self.tensors = True
        self._switch_on: Callable[[], None] = lambda: None

    def handle(self, frame: bytes) -> bytes:
        """One request in, one answer out."""
        request = wire.unpack(frame, reference=self._resolve)
        answer = {"id": request.pop("id")}
        try:
            action = getattr(self, "do_" + request.pop("do"))
            answer["value"] = self._export(action(**request))
            return wire.pack(answer)
        except BaseException as error:  # SystemExit too: the check hears of it
            answer.pop("value", None)
            answer["error"] = self._told(error)
            return wire.pack(answer)
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):  # closed, replaced or full
                    stream.flush()

    # Requests

    def do_load(
        self,
        source: str,
        filename: str,
        name: str,
        tensors: bool,
        forbidden: list[str],
        seed: int,
    ) -> Any:
        """Imports the submission; answers with a reference to its module."""
        self.filename, self.tensors = filename, tensors
        operations.seed(seed)
        self._switch_on = switch_off(forbidden)
        return load_module(source, filename, name)

    def do_get(self, target: Any, name: str) -> Any:
        try:
            return getattr(target, name)
        except AttributeError as error:
            if isinstance(target, types.ModuleType):
                raise MissingName(name) from error
            raise

    def do_set(self, target: Any, name: str, value: Any) -> None:
        setattr(target, name, value)

    def do_item(self, target: Any, key: Any) -> Any:
        return target[key]

    def do_call(self, target: Any, args: list, kwargs: dict) -> Any:
        if self.tensors and not _belongs_to_keras(target):
            args = [operations.to_tensors(argument) for argument in args]
            kwargs = {k: operations.to_tensors(v) for k, v in kwargs.items()}
        return target(*args, **kwargs)

    def do_operation(self, name: str, args: list, kwargs: dict) -> Any:
        """A helper from `operations`: gradients, a short training, a round trip."""
        return operations.PUBLIC[name](*args, **kwargs)

    def do_reset(self) -> bool:
        """Forgets the check; whether the process is as good as new for another."""
        self.objects.clear()
        self._switch_on()
        return self._traces is not None and self._traces.wiped()

    # Values out and in

    def _resolve(self, number: int) -> Any:
        if not 0 <= number < len(self.objects):
            raise wire.WireError("no such object")
        return self.objects[number]

    def _export(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is np.ndarray or isinstance(value, np.generic):
            if np.asarray(value).dtype.name in wire.PLAIN_DTYPES:
                return value
        elif kind in (list, tuple, dict) and not _fits(value, depth):
            pass
        elif kind in (list, tuple):
            return kind(self._export(item, depth + 1) for item in value)
        elif kind is dict:
            if all(type(key) in _PLAIN for key in value):
                return {k: self._export(item, depth + 1) for k, item in value.items()}
        elif operations.is_tensor(value):
            return operations.to_numpy(value)
        elif isinstance(value, np.ndarray) and value.dtype.name in wire.PLAIN_DTYPES:
            return np.asarray(value)
        self.objects.append(value)
        length = len(value) if hasattr(kind, "__len__") else -1
        return wire.Reference(len(self.objects) - 1, kind.__name__[:100], length)

    def _told(self, error: BaseException) -> dict[str, Any]:
        """What is sent about an error, even if the error itself resists."""
        try:
            return self._describe(error)
        except BaseException as second:
            name = type(second).__name__[:100]
            text = f"an error whose description failed with {name}"
            return {"kind": "raised", "type": "", "text": text, "frames": []}

    def _describe(self, error: BaseException) -> dict[str, Any]:
        stack = traceback.extract_tb(error.__traceback__)
        frames = [
            [frame.lineno or 0, _sendable(frame.line or "", 200), frame.name[:100]]
            for frame in stack
            if frame.filename == self.filename
        ]
        own = bool(stack) and stack[-1].filename == self.filename
        text = str(error)
        if isinstance(error, SyntaxError):
            text = error.msg
            line = _sendable((error.text or "").rstrip(), 200)
            frames.append([error.lineno or 0, line, ""])
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            text = "more was printed or written than a check may"
        return {
            "kind": self._kind(error, frames, own),
            "type": _sendable(type(error).__name__, 100),
            "bases": [_sendable(k.__name__, 100) for k in type(error).__mro__[1:20]],
            "text": _sendable(text, _TEXT_LIMIT),
            "frames": frames[-8:],
        }

    def _kind(self, error: BaseException, frames: list, own: bool) -> str:
        """The category; `own`: the error was raised by a line of the submission."""
        if isinstance(error, ForbiddenAPI):
            return "forbidden_api"
        if isinstance(error, MissingName):
            return "missing_name"
        if isinstance(error, NotImplementedError) and own:
            return "not_attempted"
        if isinstance(error, SyntaxError) and not frames[:-1]:
            return "syntax_error"
        if _is_about_memory(error):
            return "out_of_memory"
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            return "exited"
        if isinstance(error, operations.NotSerializable):
            return "not_serializable"
        if isinstance(error, TypeError) and not frames:
            return "wrong_signature"
        return "raised"


def _fits(items: Any, depth: int) -> bool:
    """Whether a list, tuple or dict may cross; if not, it stays here."""
    return len(items) <= wire.MAX_ITEMS and depth < _DEPTH


def _sendable(text: str, limit: int) -> str:
    """Cut, and without the halves of characters that UTF-8 has no bytes for."""
    return str(text)[:limit].encode(errors="replace").decode()


def _is_about_memory(error: BaseException) -> bool:
    """Whether memory ran out; PyTorch says so in a RuntimeError, Keras wraps it."""
    if isinstance(error, MemoryError) or isinstance(error.__context__, MemoryError):
        return True
    return any(words in str(error) for words in _NO_MEMORY)


def _belongs_to_keras(target: Any) -> bool:
    """Keras's own methods (set_weights, build, predict) take NumPy arrays as they are."""
    function = getattr(target, "__func__", None) or target
    module = getattr(function, "__module__", "") or ""
    return inspect.isroutine(function) and module.startswith("keras.")
