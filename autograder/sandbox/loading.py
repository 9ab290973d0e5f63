"""Executing a submission's source as a module, with what is forbidden switched off."""

import collections
import functools
import linecache
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from course import parts

# What exercises and `course` itself need from modules that are forbidden as a whole.
_NEEDED = frozenset(
    ["keras.layers.Layer", "keras.layers.InputSpec", "keras.backend.backend"]
)
_LOOKUP = "_retrieve_class_or_fn"
_INDEXED = ("keras", "numpy")
_TWIN = "keras._tf_keras."  # Keras's whole public interface once more, below this name


class ForbiddenAPI(Exception):
    """The submission called something that the exercise is about."""


def load_module(source: str, filename: str, name: str) -> types.ModuleType:
    """Compiles and runs `source`.

    Args:
        source: The file's text.
        filename: What tracebacks show.
        name: The module's name, also in `sys.modules`.
    """
    module = types.ModuleType(name)
    module.__file__ = filename
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)  # for tracebacks
    sys.modules[name] = module
    exec(_compiled(source, filename), module.__dict__)
    return module


@functools.lru_cache(64)  # a worker loads the same source for every check
def _compiled(source: str, filename: str) -> types.CodeType:
    return compile(source, filename, "exec")


def switch_off(dotted_names: Iterable[str]) -> Callable[[], None]:
    """Puts a refusal in the place of each public name, whatever else it is called.

    A module among the names stands for every function and class in it. Keras's own
    modules reach each other below `keras.src`, so its built-in training loop and its
    serialization go on working, and `course.parts` keeps the layers it may give. For
    untrusted processes only.

    Returns:
        A function that switches all of it on again.
    """
    plan = plan_for(tuple(dotted_names))
    undone: list[tuple[types.ModuleType, str, Any]] = []
    for module, attribute, trap in plan.traps:
        value = vars(module)[attribute]
        if not hasattr(value, "__trapped__"):
            undone.append((module, attribute, value))
            setattr(module, attribute, trap)
            if attribute in plan.layers and module.__name__ == "keras.layers":
                parts.KEPT.setdefault(attribute, value)
    serialization = sys.modules.get("keras.src.saving.serialization_lib")
    if serialization and plan.names:
        lookup = vars(serialization)[_LOOKUP]
        undone.append((serialization, _LOOKUP, lookup))
        setattr(serialization, _LOOKUP, _guarded(lookup, plan.names))

    def switch_on() -> None:
        parts.KEPT.clear()
        for module, attribute, value in reversed(undone):
            setattr(module, attribute, value)

    return switch_on


@dataclass(frozen=True)
class _Plan:
    """What is to be put where.

    Attributes:
        names: Forbidden functions and classes, by the names they were forbidden by.
        traps: Module, attribute, and what refuses in its place.
        layers: Keras's layers that `course.parts` may give all the same.
    """

    names: dict[str, Any]
    traps: list[tuple[types.ModuleType, str, Any]]
    layers: frozenset[str]


@functools.cache
def plan_for(dotted_names: tuple[str, ...]) -> _Plan:
    """Made once, while nothing is switched off; by the template, before it forks."""
    names, modules = _sorted_out(dotted_names)
    traps = {
        (module.__name__, attribute): (module, attribute, _trap(dotted))
        for dotted, value in names.items()
        for module, attribute in _aliases(dotted, value)
    }
    layers = set()
    for dotted in modules:
        for module in _modules_of(dotted):
            for attribute in look_around().callables[module.__name__]:
                key = (module.__name__, attribute)
                if module.__name__ == "keras.layers" and key not in traps:
                    layers.add(attribute)
                trap = _trap(f"{dotted}.{attribute}")
                traps.setdefault(key, (module, attribute, trap))
    return _Plan(names, list(traps.values()), frozenset(layers))


def _sorted_out(dotted_names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Functions and classes by name, and the modules that are forbidden as a whole."""
    names, modules = {}, []
    for dotted in dotted_names:
        if dotted == "keras.src":
            continue  # Keras itself lives there: see the analysis of the source
        module_name, _, attribute = dotted.rpartition(".")
        value = getattr(sys.modules.get(module_name), attribute, None)
        if isinstance(value, types.ModuleType):
            modules.append(dotted)
        elif callable(value):
            names[dotted] = value
    return names, modules


def _aliases(dotted: str, value: Any) -> list[tuple[types.ModuleType, str]]:
    """Every public place where `value` is to be had: Conv2D is Convolution2D too."""
    module_name, _, attribute = dotted.rpartition(".")
    return [(sys.modules[module_name], attribute), *look_around().places[id(value)]]


def _modules_of(dotted: str) -> Iterator[types.ModuleType]:
    """A module, the public ones below it, and their twins."""
    for public, modules in look_around().modules.items():
        if public == dotted or public.startswith(f"{dotted}."):
            yield from modules


@dataclass(frozen=True)
class _Names:
    """What is to be had where, as long as nothing is switched off.

    Attributes:
        places: Where in Keras's public modules a function or class is, by its `id`.
        modules: The modules that go by a public name: itself and its twin.
        callables: The public functions and classes of a module, by its name.
    """

    places: dict[int, list[tuple[types.ModuleType, str]]]
    modules: dict[str, list[types.ModuleType]]
    callables: dict[str, list[str]]


@functools.cache
def look_around() -> _Names:
    """Looks once; the template does it before it forks a worker."""
    names = _Names(collections.defaultdict(list), collections.defaultdict(list), {})
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in _INDEXED or not hasattr(module, "__dict__"):
            continue
        names.modules[name.removeprefix(_TWIN)].append(module)
        names.callables[module.__name__] = list(_public_callables(module))
        if name.startswith("keras") and not name.startswith("keras.src"):
            for alias, value in list(vars(module).items()):
                names.places[id(value)].append((module, alias))
    return names


def _public_callables(module: types.ModuleType) -> Iterator[str]:
    public = module.__name__.removeprefix(_TWIN)
    for attribute, value in list(vars(module).items()):
        if attribute.startswith("_") or f"{public}.{attribute}" in _NEEDED:
            continue
        if callable(value) and not isinstance(value, types.ModuleType):
            yield attribute


def _guarded(lookup: Callable[..., Any], names: dict[str, Any]) -> Callable[..., Any]:
    """Keras's way from a configuration to a class, closed for what is forbidden."""

    def find(*args, **kwargs):
        found = lookup(*args, **kwargs)
        for dotted, value in names.items():
            if found is value:
                raise _refusal(dotted)
        return found

    return find


@functools.cache
def _trap(dotted: str) -> Any:
    def refuse(*args, **kwargs):
        raise _refusal(dotted)

    refuse.__name__ = dotted.rpartition(".")[2]
    refuse.__trapped__ = True  # type: ignore[attr-defined]
    refuse.__mro_entries__ = refuse  # type: ignore[attr-defined]  # for its subclasses
    return refuse


def _refusal(dotted: str) -> ForbiddenAPI:
    return ForbiddenAPI(
        f"{dotted} does what this exercise asks you to write; it is switched off "
        "here. Build it from arithmetic, matmul, reshape, slices and reductions."
    )
