"""Carries out requests on a submission's objects and answers with values.

A request is a dict: `id`, `do` (a method below), and its arguments. The answer has the
same `id` and either `value` or `error`. The same interpreter serves in a sandboxed
worker and, for maintainers and `--debug`, in the grading process itself.
"""

import inspect
import traceback
import types
from typing import Any

import numpy as np

from autograder.sandbox import operations, wire
from autograder.sandbox.loading import ForbiddenAPI, load_module, switch_off

_PLAIN = (type(None), bool, int, float, str, bytes)
_TEXT_LIMIT = 4_000  # characters of an error that are sent


class MissingName(Exception):
    """The submission does not define a name that the exercise asks for."""


class Interpreter:
    """Holds one submission and the objects that checks have made from it."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.filename = "<submission>"
        self.tensors = True

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
            answer["error"] = self._describe(error)
            return wire.pack(answer)

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
        switch_off(forbidden)
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

    # Values out and in

    def _resolve(self, number: int) -> Any:
        if not 0 <= number < len(self.objects):
            raise wire.WireError("no such object")
        return self.objects[number]

    def _export(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is np.ndarray or isinstance(value, np.generic):
            if np.asarray(value).dtype.name in wire.PLAIN_DTYPES:
                return value
        elif kind in (list, tuple) and len(value) <= wire.MAX_ITEMS:
            return kind(self._export(item) for item in value)
        elif kind is dict and len(value) <= wire.MAX_ITEMS:
            if all(type(key) in _PLAIN for key in value):
                return {key: self._export(item) for key, item in value.items()}
        elif operations.is_tensor(value):
            return operations.to_numpy(value)
        elif isinstance(value, np.ndarray) and value.dtype.name in wire.PLAIN_DTYPES:
            return np.asarray(value)
        self.objects.append(value)
        length = len(value) if hasattr(kind, "__len__") else -1
        return wire.Reference(len(self.objects) - 1, kind.__name__[:100], length)

    def _describe(self, error: BaseException) -> dict[str, Any]:
        frames = [
            [frame.lineno or 0, (frame.line or "")[:200], frame.name[:100]]
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == self.filename
        ]
        text = str(error)
        if isinstance(error, SyntaxError):
            text = error.msg
            frames.append([error.lineno or 0, (error.text or "").rstrip()[:200], ""])
        return {
            "kind": self._kind(error, frames),
            "type": type(error).__name__[:100],
            "text": text[:_TEXT_LIMIT],
            "frames": frames[-8:],
        }

    def _kind(self, error: BaseException, frames: list) -> str:
        if isinstance(error, ForbiddenAPI):
            return "forbidden_api"
        if isinstance(error, MissingName):
            return "missing_name"
        if isinstance(error, NotImplementedError) and frames:
            return "not_attempted"
        if isinstance(error, SyntaxError) and not frames[:-1]:
            return "syntax_error"
        if isinstance(error, MemoryError):
            return "out_of_memory"
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            return "exited"
        if isinstance(error, operations.NotSerializable):
            return "not_serializable"
        if isinstance(error, TypeError) and not frames:
            return "wrong_signature"
        return "raised"


def _belongs_to_keras(target: Any) -> bool:
    """Keras's own methods (set_weights, build, predict) take NumPy arrays as they are."""
    function = getattr(target, "__func__", None) or target
    module = getattr(function, "__module__", "") or ""
    return inspect.isroutine(function) and module.startswith("keras.")
