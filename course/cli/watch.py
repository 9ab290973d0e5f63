"""`layerwise watch`: checks again on every save, with a menu of single keys."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from course import progress, syllabus
from course.cli import client, student
from course.syllabus import Exercise

MENU = "[bold]n[/]ext  [bold]h[/]int  [bold]l[/]ist  [bold]r[/]eset  [bold]q[/]uit"
_STEP = 20  # milliseconds between looks at the files
_DEBOUNCE = 60  # milliseconds in which an editor's several writes count as one


class Watch:
    """Follows the exercise files of a target.

    Args:
        exercises: What is watched, in order.
        console: Where the feedback goes.
    """

    def __init__(self, exercises: tuple[Exercise, ...], console: Console):
        self.root = client.project_root()
        self.exercises, self.console = exercises, console
        done = progress.load(self.root).passed
        self.current = next((e for e in exercises if e.id not in done), exercises[0])

    def run(self) -> None:
        """Checks once, then on every save, until `q` or Ctrl-C."""
        from watchfiles import watch

        stop = threading.Event()
        self._check()
        folders = {self.root / "exercises" / e.unit for e in self.exercises}
        with _single_keys() as key:
            for changes in watch(
                *folders,
                stop_event=stop,
                step=_STEP,
                debounce=_DEBOUNCE,
                rust_timeout=100,
                yield_on_timeout=True,
                raise_interrupt=True,
            ):
                saved = self._saved({Path(path) for _, path in changes})
                if saved is not None:
                    self.current = saved
                    self._check()
                elif not self._pressed(key()):
                    return

    def _saved(self, paths: set[Path]) -> Exercise | None:
        """The watched exercise among the changed files, the current one first."""
        changed = [
            e
            for e in (self.current, *self.exercises)
            if (self.root / "exercises" / e.path) in paths
        ]
        return changed[0] if changed else None

    def _pressed(self, key: str) -> bool:
        """Does what a key asks for; False ends the watch."""
        if key == "q":
            return False
        if key == "n":
            self._next()
        elif key == "h":
            student.show_hint(self.current, self.console)
        elif key == "l":
            student.show_list(self.console)
        elif key == "r":
            self._reset()
        else:
            return True
        self._prompt()
        return True

    def _next(self) -> None:
        place = self.exercises.index(self.current)
        done = progress.load(self.root).passed
        later = (*self.exercises[place + 1 :], *self.exercises[:place])
        undone = [e for e in later if e.id not in done]
        if undone:
            self.current = undone[0]
            self._check()
        else:
            self.console.print("All of these are done.")

    def _reset(self) -> None:
        """Asks once more: a reset in the middle of work is easily a slip."""
        self.console.print(f"Reset {self.current.id}? A backup is kept. [bold]y[/]/n")
        with _single_keys() as key:
            answer = ""
            while not answer:
                answer = key(0.1)
        if answer == "y":
            student.reset_exercise(self.current, self.console)
            self._check()
        else:
            self.console.print("Nothing was reset.")

    def _check(self) -> None:
        self.console.rule(self.current.id)
        try:
            student.check_exercise(self.current, self.console)
        except (client.CheckingFailed, student.UnreadableSubmission) as error:
            self.console.print(str(error), style="red", markup=False)
        self._prompt()

    def _prompt(self) -> None:
        self.console.print(
            f"\n[dim]Watching {self.current.id} and its unit: save to check again.[/]  "
            + MENU
        )


def watch(target: str | None) -> None:
    """Watches the exercises that `target` names; the next one's unit if None."""
    if target is None:
        target = student.next_exercise(client.project_root()).unit
    found = syllabus.find(target)
    Watch(found, Console()).run()


@contextlib.contextmanager
def _single_keys() -> Iterator:
    """A function that gives the key pressed within some seconds, or ''.

    Without a terminal there are no keys; Ctrl-C still ends the watch.
    """
    if not sys.stdin.isatty():
        yield lambda wait=0.0: ""
    elif os.name == "nt":
        yield _windows_key
    else:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor)
        try:
            yield lambda wait=0.0: _posix_key(descriptor, wait)
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _posix_key(descriptor: int, wait: float) -> str:
    import select

    readable, _, _ = select.select([descriptor], [], [], wait)
    return os.read(descriptor, 1).decode(errors="ignore").lower() if readable else ""


def _windows_key(wait: float = 0.0) -> str:
    import msvcrt  # type: ignore[import-not-found,unused-ignore]
    import time

    if not msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
        time.sleep(wait)
        return ""
    return msvcrt.getwch().lower()  # type: ignore[attr-defined,unused-ignore]
