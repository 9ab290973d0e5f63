"""`pytest solutions`: every reference meets its own public and hidden checks."""

import os

import pytest

os.environ.setdefault("LAYERWISE_PARTS", "solutions")


def pytest_collect_file(file_path, parent):
    """A solution is collected as the checks of its exercise."""
    if file_path.suffix != ".py" or file_path.name in ("conftest.py", "__init__.py"):
        return None
    return SolutionFile.from_parent(parent, path=file_path)


class SolutionFile(pytest.File):
    """One reference and its two files of checks."""

    def collect(self):
        root = self.config.rootpath
        name = f"test_{self.path.name}"
        unit = self.path.parent.name
        places = {
            "public": root / "exercises" / unit / name,
            "hidden": root / "autograder" / "hidden" / unit / name,
        }
        for scope, path in places.items():
            if not path.exists():
                raise pytest.UsageError(f"{self.path}: no {scope} checks at {path}")
            yield ChecksOfSolution.from_parent(self, path=path, name=scope)


class ChecksOfSolution(pytest.Module):
    """A file of checks, told that it meets the reference."""

    def collect(self):
        from autograder.grading.by_hand import REFERENCE

        for item in super().collect():
            item.stash[REFERENCE] = "solutions"
            yield item
