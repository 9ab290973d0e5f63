"""The pytest plugin that runs Keras's tests against the course's layers.

Swaps before anything is collected, keeps the tests that name what was swapped, and
expects those of `left_out.toml` to fail: one that passes, or is there no more, is an
error, so the list stays true.
"""

import inspect
import re
import tomllib
from pathlib import Path

import keras
import pytest
from swap import swap

HERE = Path(__file__).parent
KERAS = Path(keras.__file__).parent / "src"
FILES = tomllib.loads((HERE / "files.toml").read_text(encoding="utf-8"))
LEFT_OUT = tomllib.loads((HERE / "left_out.toml").read_text(encoding="utf-8"))


def test_files() -> list[str]:
    """Keras's test files, as pytest takes them."""
    return [str(KERAS / file) for file in FILES]


class Plugin:
    """Hooks of one run."""

    def pytest_configure(self):
        """Before anything is collected: what test files import is ours."""
        self.replaced = swap()
        tested = {name for names in FILES.values() for name in names}
        if tested != set(self.replaced):
            raise pytest.UsageError(
                "files.toml must have a file for each of Keras's names that the course "
                f"has too, and for no other: {sorted(tested ^ set(self.replaced))}."
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config, items):
        """Before -k and the like choose among them."""
        kept = [item for item in items if self.concerns(item)]
        config.hook.pytest_deselected(items=[i for i in items if i not in set(kept)])
        items[:] = kept
        self.expect_failures(items)
        for module in {item.module for item in items}:
            self.refuse_leftovers(module)

    def concerns(self, item) -> bool:
        """Whether a test's text has a name that this file is run for.

        Or that of a class which the file derives from one, such as `MockedRandomFlip`.
        """
        names = set(FILES[_file(item)])
        for name, value in vars(item.module).items():
            if inspect.isclass(value) and value.__module__ == item.module.__name__:
                if names & {base.__name__ for base in value.__mro__[1:]}:
                    names = names | {name}
        source = inspect.getsource(inspect.unwrap(item.function))
        return (
            re.search(rf"(?<![a-z_])({'|'.join(sorted(names))})\b", source) is not None
        )

    def expect_failures(self, items):
        """Marks what is left out.

        Raises:
            UsageError: For entries that are no tests.
        """
        found = {
            f"{_file(item)}::{item.cls.__name__}::{item.name}": item for item in items
        }
        present = {_file(item) for item in items}
        for reason, entries in LEFT_OUT.items():
            for entry in entries:
                entry, _, backend = entry.partition(" on ")
                if entry.partition("::")[0] not in present:
                    continue
                if entry not in found:
                    raise pytest.UsageError(f"left_out.toml: {entry} is no test.")
                if backend in ("", keras.backend.backend()):
                    found[entry].add_marker(
                        pytest.mark.xfail(reason=reason, strict=True)
                    )

    def refuse_leftovers(self, module):
        """A test file that got hold of Keras's own class would test nothing of ours."""
        for name, value in vars(module).items():
            if any(value is built_in for built_in in self.replaced.values()):
                raise pytest.UsageError(f"{module.__name__} still has Keras's {name}.")


def _file(item) -> str:
    """`layers/core/dense_test.py`."""
    return item.path.relative_to(KERAS).as_posix()
