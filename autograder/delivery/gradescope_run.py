"""What runs on Gradescope: judges the submission there and writes results.json.

    python -m autograder.delivery.gradescope_run /autograder

The grader is root there. Student code is not: in namespaces where the container allows
them, else as a user of its own, behind Landlock where the kernel has it. What it was is
on the first line of the output, which instructors alone see.
"""

import contextlib
import datetime
import json
import os
import pwd
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.delivery import notebooks, policy
from autograder.delivery.attempts import AttemptsUsedUp, remaining
from autograder.grading import submission
from autograder.grading.outcome import CATEGORIES, Outcome
from autograder.grading.submission import Submission, UnreadableSubmission
from course import syllabus
from course.syllabus import Exercise

SETTINGS = "gradescope.json"
ROOT = Path(__file__).resolve().parents[2]
NOT_JUDGED = {"layerwise": "not judged"}  # in extra_data: it did not use up an attempt


def main() -> None:
    base = Path(sys.argv[1])
    settings = json.loads((ROOT / SETTINGS).read_text(encoding="utf-8"))
    results = base / "results" / "results.json"
    results.unlink(missing_ok=True)
    metadata = _metadata(base)
    refusal = _refusal(settings["attempts"], metadata)
    found = refused(refusal, metadata) if refusal else judged(base, settings)
    results.parent.mkdir(parents=True, exist_ok=True)
    unfinished = results.with_name("results.json.part")
    unfinished.write_text(json.dumps(found), encoding="utf-8")
    os.replace(unfinished, results)


def _metadata(base: Path) -> dict[str, Any]:
    """What Gradescope says of this submission and those before; {} outside of it."""
    path = base / "submission_metadata.json"
    if not path.exists():
        return {}
    with contextlib.suppress(PermissionError):  # it names people: not for student code
        path.chmod(0o600)
    return json.loads(path.read_text(encoding="utf-8"))


# How often


def _refusal(attempts: str, metadata: dict[str, Any]) -> str:
    """Why this submission is not judged, or ''; by Gradescope's own clock."""
    if not attempts or "created_at" not in metadata:
        return ""
    before = [
        datetime.datetime.fromisoformat(one["submission_time"])
        for one in metadata.get("previous_submissions", [])
        if (one.get("results") or {}).get("extra_data") != NOT_JUDGED
    ]
    now = datetime.datetime.fromisoformat(metadata["created_at"])
    try:
        remaining(policy.Limit.of(attempts), before, now)
    except AttemptsUsedUp as error:
        return str(error)
    return ""


def refused(reason: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """The results of a submission too many: the score stays what it was."""
    before = metadata["previous_submissions"][-1]
    score = float(before.get("score") or 0)
    text = f"This submission was not judged. {reason}\nYour score stays at {score:g}."
    return {
        "score": score,
        "output": text,
        "visibility": "visible",
        "extra_data": NOT_JUDGED,
    }


# Judging


def judged(base: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The results of every exercise."""
    started = time.monotonic()
    backend = os.environ["KERAS_BACKEND"] = settings["backend"]
    os.environ["LAYERWISE_PARTS"] = "keras"
    from autograder.grading.engine import Engine
    from autograder.sandbox.backend import settle

    settle()
    engine = Engine(ROOT, secret=bytes.fromhex(settings["secret"]))
    tests: list[dict[str, Any]] = []
    with place(backend) as where:
        for number, name in enumerate(settings["exercises"], start=1):
            (exercise,) = syllabus.find(name)
            try:
                given = answer(base / "submission", exercise)
            except UnreadableSubmission as error:
                tests.append(_unreadable(exercise, number, engine, str(error)))
                continue
            result = engine.judge(given, where)
            tests += tests_of(exercise, number, result.outcomes)
    return {
        "tests": tests,
        "output": _summary(tests),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(time.monotonic() - started),
    }


def answer(folder: Path, exercise: Exercise) -> Submission:
    """What was handed in for an exercise: its file, or a cell of a notebook.

    Raises:
        UnreadableSubmission: If there is none, more than one that could be meant, or
            one that can't be read.
    """
    files = [p for p in _plain(folder) if p.name == exercise.path.name]
    files = [p for p in files if exercise.unit in p.parts] or files
    cells, problems = _cells(folder, exercise)
    found = [str(path.relative_to(folder)) for path in (*files, *cells)]
    if len(found) > 1:
        raise UnreadableSubmission(
            f"Which of these is meant? {', '.join(found)}. Hand in one."
        )
    if files:
        return submission.read(files[0], exercise, files[0].name)
    for path, given in cells.items():
        if given.problem:
            raise UnreadableSubmission(f"{path.name}: {given.problem}")
        text = submission.decode(given.text.encode(), path.name, exercise.id)
        return Submission(exercise, text, path.name)
    raise UnreadableSubmission(
        f"There is no {exercise.path.name} in your submission. Hand in the file "
        f"exercises/{exercise.path.as_posix()}, under that name, or the unit's notebook."
        f" {' '.join(problems)}".rstrip()
    )


def _cells(
    folder: Path, exercise: Exercise
) -> tuple[dict[Path, notebooks.Answer], list[str]]:
    """Notebooks that have the exercise's cell; what is the matter with the others."""
    cells, problems = {}, []
    for path in _plain(folder):
        if path.suffix.lower() != ".ipynb":
            continue
        try:
            found = notebooks.read(path)
        except notebooks.UnreadableNotebook as error:
            problems.append(str(error))
            continue
        names = {notebooks.grade_id_of(cell) for cell in found.cells}
        if notebooks.solution_id(exercise) in names:
            cells[path] = notebooks.answer(found, exercise)
    return cells, problems


def _plain(folder: Path) -> list[Path]:
    """The files; links are left out: one could lead to the solutions, which root reads."""
    here = folder.resolve()
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.resolve() == here / path.relative_to(folder)
    ]


def place(backend: str) -> Any:
    """Where student code runs; says so on stdout."""
    from autograder.grading import isolation, landlocked
    from autograder.grading.transport import Workers, template_environment

    report = isolation.possible()
    if report.isolated:
        print("Student code runs in namespaces of its own, as nobody.")
        return isolation.namespaced(backend)
    user = student()
    before = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
    before += ["--clear-groups", "--inh-caps=-all", "--no-new-privs", "--"]
    fence = landlocked.possible()
    if fence.isolated:
        print(f"Student code runs as {user.pw_name}, behind Landlock. {report.reason}")
        return landlocked.landlocked(backend, before)
    print(f"Student code runs as {user.pw_name}. {report.reason} {fence.reason}")
    environment = landlocked.environment_of_template()
    return Workers(
        [*before, sys.executable, "-m", "autograder.sandbox.template"],
        {**environment, **template_environment(backend)},
    )


def student() -> pwd.struct_passwd:
    """The user that setup.sh has made; nobody, where it has not run."""
    try:
        return pwd.getpwnam("student")
    except KeyError:
        return pwd.getpwnam("nobody")


# results.json


def tests_of(
    exercise: Exercise, number: int, outcomes: Sequence[Outcome]
) -> list[dict[str, Any]]:
    """One test a check, as students may see it."""
    found = []
    for place, outcome in enumerate(outcomes, start=1):
        shown = outcome.for_student()
        public = outcome.scope == "public"
        title = shown.title if public else "a hidden check"
        found.append(
            {
                "name": f"{exercise.name}: {title}",
                "number": f"{number}.{place}",
                "score": outcome.points,
                "max_score": outcome.max_points,
                "status": "passed" if outcome.passed else "failed",
                "output": "" if outcome.passed else _text(shown, public),
                "output_format": "text",
                "visibility": "visible",
            }
        )
    return found


def _text(shown: Outcome, public: bool) -> str:
    """What there is to say about a failure; of a hidden one, category and explanation."""
    lines = [CATEGORIES[shown.category]]
    if public:
        lines += [shown.message, shown.detail]
        lines += [f"line {line}:  {text}" for line, text, _ in shown.frames]
    lines += [f"→ {shown.explanation}"] if shown.explanation else []
    if public and shown.printed:
        lines.append(f"Printed:\n{shown.printed}")
    return "\n".join(line for line in lines if line)


def _unreadable(
    exercise: Exercise, number: int, engine: Any, message: str
) -> dict[str, Any]:
    from autograder.grading.checks import points

    possible = sum(points(item) for item in engine.suite(exercise).items)
    return {
        "name": f"{exercise.name}: could not be read",
        "number": str(number),
        "score": 0.0,
        "max_score": possible,
        "status": "failed",
        "output": message,
        "output_format": "text",
        "visibility": "visible",
    }


def _summary(tests: Sequence[dict[str, Any]]) -> str:
    earned = sum(test["score"] for test in tests)
    possible = sum(test["max_score"] for test in tests)
    passed = sum(test["status"] == "passed" for test in tests)
    return f"{passed} of {len(tests)} checks pass, {earned:g} of {possible:g} points."


if __name__ == "__main__":
    main()
