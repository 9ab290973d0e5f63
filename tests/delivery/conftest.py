"""An invented class, for reports and exports: results as `layerwise grade` writes them."""

import json
from types import SimpleNamespace

import pytest

CONV2D, POOLING = "u05_convolution/conv2d", "u05_convolution/pooling"


def outcome(check="it_is_right", category="passed", scope="public", **more):
    passed = category == "passed"
    return {
        "check": f"test_{check}", "title": check.replace("_", " "), "scope": scope,
        "points": 2.0 * passed, "max_points": 2.0, "category": category, "message": "",
        "detail": "", "explanation": "", "frames": [], "mistake": "", "printed": "",
        "seconds": 0.1, **more,
    }  # fmt: skip


def entry(student, exercise=CONV2D, outcomes=(), **more):
    """One line; without outcomes, a check that passes and one that does not."""
    outcomes = list(outcomes) or [outcome(), outcome("it_is_fast", "timed_out")]
    return {
        "student": student, "path": f"class/{student}/conv2d.py", "exercise": exercise,
        "filename": "conv2d.py", "outcomes": outcomes, "source": "x = 1\n", "seeds": {},
        "points": sum(o["points"] for o in outcomes),
        "max_points": sum(o["max_points"] for o in outcomes),
        "passed": all(o["category"] == "passed" for o in outcomes),
        "category": next(
            (o["category"] for o in outcomes if o["category"] != "passed"), "passed"
        ),
        "explanation": "", "backend": "torch", "seconds": 1.5, "submitted_at": None,
        **more,
    }  # fmt: skip


def write(path, *entries):
    lines = [json.dumps(line, ensure_ascii=False) for line in entries]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def invented():
    """Makes results: `invented.entry(student)`, `.outcome(check)`, `.write(path, …)`."""
    return SimpleNamespace(entry=entry, outcome=outcome, write=write)
