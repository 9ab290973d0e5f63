"""The student handle: the submission as a check sees it.

Nothing here knows whether the code behind it is a student's, the reference or a known
mistake, nor whether it runs in this process or in a sandbox.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from autograder.grading.outcome import CheckFailed
from autograder.sandbox import wire


class Transport(Protocol):
    """Carries a frame to the interpreter that holds the submission, and its answer."""

    def exchange(self, frame: bytes) -> bytes: ...


class Student:
    """The submission's module: `student.Conv2D(4, 3)`.

    Args:
        transport: Where the submission lives.
    """

    def __init__(self, transport: Transport):
        self._transport = transport
        self._sent = 0
        self._module: RemoteObject | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        assert self._module is not None, "load() comes first"
        return getattr(self._module, name)

    def load(self, **request: Any) -> None:
        """Imports the submission; see `Interpreter.do_load` for the arguments."""
        self._module = self._request("load", **request)

    # Beyond plain calls. Shapes and meaning: autograder.sandbox.operations.

    def gradients(
        self, function: Any, *inputs: Any, upstream: Any = None, **kwargs: Any
    ) -> tuple[list, list]:
        """Gradients of sum(upstream · function(*inputs)): for inputs, for weights."""
        return self._operation("gradients", function, list(inputs), upstream, kwargs)

    def trained(self, model: Any, x: Any, y: Any, **kwargs: Any) -> dict[str, list]:
        """Compiles and fits `model`; the losses it reports prove nothing."""
        return self._operation("trained", model, x, y, **kwargs)

    def stepped(self, optimizer: Any, parameters: list, gradients: list) -> list:
        """The parameters after each step of an optimizer with these gradients."""
        return self._operation("stepped", optimizer, parameters, gradients)

    def evaluated(self, x: Any, y: Any, metric: Any, **kwargs: Any) -> Any:
        """What `model.evaluate` says of a metric where the predictions are x."""
        return self._operation("evaluated", x, y, metric, **kwargs)

    def predicted(self, layer: Any, inputs: Any, **kwargs: Any) -> Any:
        """The layer inside a compiled model with unknown batch size."""
        return self._operation("predicted", layer, inputs, **kwargs)

    def symbolic_shape(self, layer: Any, shape: tuple, **kwargs: Any) -> tuple:
        """The output shape the layer promises for `shape`, None for unknown sizes."""
        return self._operation("symbolic_shape", layer, shape, **kwargs)

    def saved_and_loaded(self, layer: Any, inputs: Any) -> Any:
        """The layer or model after a `.keras` round trip."""
        return self._operation("saved_and_loaded", layer, inputs)

    def seed(self, number: int) -> None:
        """Seeds the submission's generators."""
        self._operation("seed", number)

    def imported(self, dotted: str) -> Any:
        """A class or function on the submission's side: `course.numpy_parts.Adam`."""
        return self._operation("imported", dotted)

    def arguments_after(self, function: Any, *args: Any) -> list:
        """The arguments of a call as it has left them: what it changed in place."""
        return self._operation("arguments_after", function, list(args))

    def _operation(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._request("operation", name=name, args=list(args), kwargs=kwargs)

    def _request(self, do: str, **arguments: Any) -> Any:
        self._sent += 1
        frame = wire.pack(_outgoing({"id": self._sent, "do": do, **arguments}))
        try:
            answer = wire.unpack(self._transport.exchange(frame))
            valid = type(answer) is dict and answer.pop("id", None) == self._sent
            if not valid or len(answer) != 1:
                raise wire.WireError("an answer to something that was not asked")
        except wire.WireError as error:
            raise CheckFailed(
                "protocol_error", f"The grader got a broken answer: {error}."
            ) from error
        if "error" in answer:
            raise _failure(answer["error"])
        return self._incoming(answer["value"])

    def _incoming(self, value: Any) -> Any:
        kind = type(value)
        if kind is wire.Reference:
            return RemoteObject(self, value)
        if kind in (list, tuple):
            return kind(self._incoming(item) for item in value)
        if kind is dict:
            return {key: self._incoming(item) for key, item in value.items()}
        return value


class RemoteObject:
    """An object of the submission: read and set its attributes, call it, index it."""

    def __init__(self, student: Student, reference: wire.Reference):
        object.__setattr__(self, "_student", student)
        object.__setattr__(self, "_reference", reference)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._student._request("get", target=self, name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._student._request("set", target=self, name=name, value=value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._student._request(
            "call", target=self, args=list(args), kwargs=kwargs
        )

    def __getitem__(self, key: Any) -> Any:
        return self._student._request("item", target=self, key=key)

    def __len__(self) -> int:
        if self._reference.length < 0:
            raise CheckFailed("wrong_values", f"{self!r} has no length.")
        return self._reference.length

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{self._reference.kind} of the submission>"


def _outgoing(value: Any) -> Any:
    kind = type(value)
    if kind is RemoteObject:
        return value._reference
    if kind in (list, tuple):
        return kind(_outgoing(item) for item in value)
    if kind is dict:
        return {key: _outgoing(item) for key, item in value.items()}
    return value


def _failure(error: Any) -> CheckFailed:
    """Turns the untrusted side's account into a verdict; it can only be a bad one."""
    fields = error if type(error) is dict else {}
    kind, name, text = (_text(fields.get(key)) for key in ("kind", "type", "text"))
    frames = _frames(fields.get("frames"))
    at = f" (line {frames[-1][0]})" if frames else ""
    messages = {
        "not_attempted": f"{text or 'It still raises NotImplementedError.'}{at}",
        "syntax_error": f"{name}{at}: {text}",
        "missing_name": f"The file defines no {text}.",
        "wrong_signature": f"The call failed: {text}",
        "forbidden_api": text + at,
        "not_serializable": text,
        "out_of_memory": f"It ran out of memory{at}. {name}: {text}".removesuffix(": "),
        "exited": f"{name} was raised{at}: a layer must not end the program.",
        "raised": f"{name}{at}: {text}",
    }
    category = kind if kind in messages else "protocol_error"
    message = messages.get(category, "The grader got a broken answer.")
    failure = CheckFailed(category, message, frames=frames, evidence=f"{name}: {text}")
    bases = fields.get("bases")
    failure.errors = (name, *map(_text, bases[:20] if type(bases) is list else ()))
    return failure


def _text(value: Any) -> str:
    return value[:4000] if type(value) is str else ""


def _frames(value: Any) -> list[tuple[int, str, str]]:
    if type(value) is not list:
        return []
    return [
        (row[0], _text(row[1])[:200], _text(row[2])[:100])
        for row in value[:8]
        if type(row) is list and len(row) == 3 and type(row[0]) is int
    ]
