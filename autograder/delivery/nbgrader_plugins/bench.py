"""Grading processes, for all submissions of one `nbgrader autograde`.

nbgrader goes through the submissions one by one, and so would judging: one core at work.
Here the answers of the next few notebooks are judged while it reads and writes this one.
A verdict depends on the exercise and the answer's text alone, so nothing is lost where
nbgrader skips a notebook or takes another text from it: what was judged ahead is then
not used.
"""

import concurrent.futures
import queue
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.delivery import notebooks, seeds
from autograder.delivery.notebooks import UnreadableNotebook
from autograder.delivery.seat import CannotGrade, How, Seat, cores
from autograder.grading import records
from course import syllabus
from course.cli.backends import backend
from course.syllabus import Exercise

if TYPE_CHECKING:
    from autograder.delivery.nbgrader_plugins.judging import Judge

ROOT = Path(__file__).resolve().parents[3]
RECORDS = "records.jsonl"  # in the course folder
_AHEAD = 4  # notebooks
_MOST = 4  # grading processes


class Bench:
    """Judges answers, those of notebooks to come too.

    Args:
        settings: Whose traits say how.
        course: The course folder.
        coming: The submitted notebooks, in nbgrader's order.
    """

    def __init__(self, settings: "Judge", course: Path, coming: list[Path]):
        self._records = course / RECORDS
        self._coming = coming
        self._next = 0  # of those, the first that was not looked at
        self._judged: dict[tuple[str, str], concurrent.futures.Future] = {}
        self._of: dict[Path, list[tuple[str, str]]] = {}  # a notebook's keys in _judged
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        how = How(
            root=str(ROOT),
            backends=(settings.backend or backend(),),
            isolation=settings.isolation,
            seconds=settings.seconds,
            secret=seeds.secret(ROOT).hex(),
        )
        self._seats = [Seat(how) for _ in range(min(cores(), _MOST))]
        self._left, self._leaving = len(self._seats), threading.Lock()
        for seat in self._seats:
            threading.Thread(target=self._work, args=[seat], daemon=True).start()

    def _work(self, seat: Seat) -> None:
        """Judges what is ordered; a seat that can't start leaves it to the others."""
        refused: CannotGrade | None = None  # it is not tried again for each answer
        while True:
            task, future = self._tasks.get()
            try:
                if refused is not None:
                    raise refused
                future.set_result(seat.judge(task))
            except CannotGrade as error:
                with self._leaving:
                    if self._left > 1:
                        self._left -= 1
                        self._tasks.put((task, future))
                        return
                refused = error
                future.set_exception(error)
            except BaseException as error:  # for the thread that waits for it
                future.set_exception(error)

    def judge(
        self, notebook: Path, exercise: Exercise, text: str, problem: str
    ) -> dict[str, Any]:
        """The record of one answer.

        Args:
            notebook: The submitted notebook that it is from.
            exercise: What it answers.
            text: The solution cell's text.
            problem: Why it can't be judged, or ''.

        Raises:
            CannotGrade: If no grading process starts.
        """
        self._look_ahead(notebook)
        if problem:
            return self._ordered(exercise, "", problem).result()
        key = (exercise.id, text)
        if key not in self._judged:
            self._judged[key] = self._ordered(exercise, text)
        return self._judged[key].result()

    def _look_ahead(self, here: Path) -> None:
        """Orders what the notebooks after this one hold; forgets those before it."""
        place = self._coming.index(here) if here in self._coming else 0
        for path in [path for path in self._of if path in self._coming[:place]]:
            del self._of[path]
        wanted = {key for keys in self._of.values() for key in keys}
        self._judged = {k: v for k, v in self._judged.items() if k in wanted}
        for path in self._coming[max(place, self._next) : place + 1 + _AHEAD]:
            self._of[path] = []
            for exercise, text in _answers(path):
                key = (exercise.id, text)
                self._of[path].append(key)
                if key not in self._judged:
                    self._judged[key] = self._ordered(exercise, text)
        self._next = max(self._next, place + 1 + _AHEAD)

    def _ordered(
        self, exercise: Exercise, text: str, problem: str = ""
    ) -> concurrent.futures.Future:
        """What will be the record of an answer."""
        future: concurrent.futures.Future = concurrent.futures.Future()
        task = {
            "exercise": exercise.id,
            "path": f"{exercise.name}.py",
            "problem": problem,
            "data": f"{text}\n".encode("utf-8", "replace").hex(),
        }
        self._tasks.put((task, future))
        return future

    def note(self, entry: dict[str, Any]) -> None:
        """Adds a record to the course's."""
        records.append(self._records, entry)

    def close(self) -> None:
        """Ends the grading processes."""
        for seat in self._seats:
            seat.close()


def _answers(path: Path) -> list[tuple[Exercise, str]]:
    """What a submitted notebook holds, as far as it can be judged."""
    try:
        found = notebooks.read(path)
    except UnreadableNotebook:
        return []  # `Rebuild` comes to it in its turn, and says so
    given = (one for unit in syllabus.units() for one in notebooks.answers(found, unit))
    return [(a.exercise, a.text.rstrip("\n")) for a in given if not a.problem]


_BENCHES: "weakref.WeakKeyDictionary[Any, Bench]" = weakref.WeakKeyDictionary()


def bench_of(converter: Any, settings: "Judge") -> Bench:
    """The bench of one run of `nbgrader autograde`; it ends with the run."""
    if converter not in _BENCHES:
        coming = [
            Path(notebook)
            for assignment in sorted(converter.assignments)
            for notebook in sorted(converter.assignments[assignment])
        ]
        bench = Bench(settings, Path(converter.coursedir.root), coming)
        weakref.finalize(converter, bench.close)
        _BENCHES[converter] = bench
    return _BENCHES[converter]
