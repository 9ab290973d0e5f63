"""How fast a student and an instructor get their answers; prints a table.

    python bench/checking.py            all but the demo
    python bench/checking.py --demo     the demo's peak memory as well (minutes)
    python bench/checking.py --record   writes docs/benchmarks.* too

Medians over several runs of one session, with the spread; the goals beside them. Run it
on a quiet machine: everything here waits for the processor.
"""

import argparse
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from beside.records import goal_row, goals_table, put_goals
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
LAYERWISE = Path(sys.executable).with_name("layerwise")
EXERCISE = "u05_convolution/conv2d"
BACKENDS = ("torch", "tensorflow")


def repeated(
    function: Callable[[], object], runs: int, warm_up: int = 1
) -> list[float]:
    """Seconds of each run."""
    for _ in range(warm_up):
        function()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return seconds


def project_with_solution(folder: Path) -> Path:
    """A copy of the project whose conv2d is done, so that nobody's work is touched."""
    root = folder / "project"
    for name in ("course", "exercises", "solutions", "autograder"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "pyproject.toml", root)
    done = root / "exercises" / f"{EXERCISE}.py"
    shutil.copy(root / "solutions" / f"{EXERCISE}.py", done)
    return root


def shell(root: Path, *words: str, backend: str = "torch") -> None:
    """Runs the command as a student would; fails loudly."""
    done = subprocess.run(
        [LAYERWISE, *words],
        cwd=root,
        env=environment(root, backend),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"layerwise {' '.join(words)}:\n{done.stdout}{done.stderr}")


def environment(root: Path, backend: str) -> dict[str, str]:
    return {
        **os.environ,
        "KERAS_BACKEND": backend,
        "LAYERWISE_PROJECT": str(root),
        "XDG_RUNTIME_DIR": str(root.parent),
        "PYTHONPATH": str(root),
        "TERM": "xterm",
    }


def save_to_verdict(root: Path, backend: str, runs: int) -> list[float]:
    """Seconds from saving the file to the verdict on the screen, in `watch`."""
    file = root / "exercises" / f"{EXERCISE}.py"
    text = file.read_text(encoding="utf-8")
    pid, screen = pty.fork()
    if pid == 0:
        os.chdir(root)
        os.execve(
            LAYERWISE, ["layerwise", "watch", EXERCISE], environment(root, backend)
        )
    try:
        wait_for(screen, b"uit", 120)
        seconds = []
        for run in range(runs + 1):
            time.sleep(0.5)
            file.write_text(f"{text}# {run}\n", encoding="utf-8")
            started = time.perf_counter()
            wait_for(screen, b"uit", 60)
            seconds.append(time.perf_counter() - started)
        return seconds[1:]
    finally:
        os.write(screen, b"q")
        os.waitpid(pid, 0)
        file.write_text(text, encoding="utf-8")


def wait_for(screen: int, words: bytes, seconds: float) -> None:
    """Reads a terminal until `words` appear."""
    said, deadline = b"", time.monotonic() + seconds
    while words not in said:
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"never said {words!r}:\n{said.decode(errors='replace')}"
            )
        if select.select([screen], [], [], 0.1)[0]:
            said += os.read(screen, 65536)


def engine_figures(backend: str) -> dict[str, list[float]]:
    """Overhead a check, and memory; measured in a process of that backend."""
    done = subprocess.run(
        [sys.executable, __file__, "--engine"],
        env={**environment(ROOT, backend), "LAYERWISE_PARTS": "keras"},
        capture_output=True,
        text=True,
        check=True,
    )
    figures = {}
    for line in done.stdout.splitlines():
        name, _, values = line.partition(": ")
        if name.startswith("figure "):
            figures[name.removeprefix("figure ")] = [float(v) for v in values.split()]
    return figures


def engine_in_this_process(runs: int = 5) -> None:
    """Judges the reference again and again; prints what it cost beyond its own work."""
    from autograder.sandbox.backend import settle

    settle()
    import keras

    from autograder.grading import isolation, submission, transport
    from autograder.grading.engine import Engine
    from autograder.sandbox.interpreter import Interpreter
    from course import syllabus

    (exercise,) = syllabus.find(EXERCISE)
    engine = Engine(ROOT, secret=b"bench")
    right = submission.read(ROOT / "solutions" / exercise.path, exercise)
    own = 0.0
    handle = Interpreter.handle

    def timed(self, frame):
        nonlocal own
        started = time.perf_counter()
        answer = handle(self, frame)
        own += time.perf_counter() - started
        return answer

    Interpreter.handle = timed
    engine.judge(right, transport.InThisProcess())
    own = 0.0
    engine.judge(right, transport.InThisProcess())
    Interpreter.handle = handle
    places = {"no isolation": transport.unisolated}
    if isolation.possible().isolated:
        places["namespaces"] = isolation.namespaced
    checks = len(engine.suite(exercise))
    for name, start in places.items():
        with start(keras.config.backend()) as workers:
            seconds = repeated(lambda w=workers: engine.judge(right, w), runs)
            per_check = [max(0.0, s - own) / checks * 1000 for s in seconds]
            print(f"figure overhead a check, {name}:", *per_check)
            print(f"figure a submission ({checks} checks), {name}:", *seconds)
            if name == "no isolation":
                memory(workers)


def memory(workers) -> None:
    """The template's memory, and what a worker adds on top of the shared pages."""
    from autograder.sandbox.limits import Limits

    template = psutil.Process(workers.process.pid)
    worker = workers.open(Limits())
    time.sleep(0.5)
    own = [p.memory_full_info().uss / 2**20 for p in template.children(recursive=True)]
    worker.close()
    print("figure template memory:", template.memory_info().rss / 2**20)
    print("figure a worker's own memory:", max(own))


def demo_memory() -> float:
    """The largest sum of the demo's processes' memory (PSS), in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        process = psutil.Popen([LAYERWISE, "demo", "--out", folder], cwd=ROOT)
        peak = 0.0
        while process.poll() is None:
            total = 0
            for one in (process, *process.children(recursive=True)):
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:
                    continue  # it has just ended
            peak = max(peak, total / 2**20)
            time.sleep(0.5)
        if process.returncode:
            raise RuntimeError("the demo failed")
    return peak


def figures(demo: bool) -> Iterator[dict]:
    """Each thing that is measured, as `records.goal_row` has it."""
    with tempfile.TemporaryDirectory() as folder:
        root = project_with_solution(Path(folder))
        for words in (["--help"], ["list"], ["hint", EXERCISE]):
            seconds = repeated(lambda w=words: shell(root, *w), 9)
            yield goal_row(f"layerwise {words[0]}", seconds, "s", 0.3)
        for backend, warm, saved in (("torch", 0.7, 0.4), ("tensorflow", 1.5, 1.0)):
            words = ["check", EXERCISE]
            seconds = repeated(
                lambda w=words, b=backend: shell(root, *w, backend=b), 9, 2
            )
            yield goal_row(f"warm check conv2d, {backend}", seconds, "s", warm)
            seconds = save_to_verdict(root, backend, 9)
            yield goal_row(f"watch: save to verdict, {backend}", seconds, "s", saved)
            os.environ["XDG_RUNTIME_DIR"] = str(root.parent)
            from course.cli import client

            client.stop(root, backend)
    goals = {"overhead": ("ms", 40), "template": ("MiB", 900), "a worker": ("MiB", 150)}
    for backend in BACKENDS:
        for name, values in engine_figures(backend).items():
            known = (g for start, g in goals.items() if name.startswith(start))
            yield goal_row(f"{name}, {backend}", values, *next(known, ("s", None)))
    if demo:
        yield goal_row("demo: peak memory", [demo_memory()], "MiB", 3072)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", action="store_true", help="the demo's memory as well")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks.*")
    parser.add_argument("--engine", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        engine_in_this_process()
        return
    rows = list(figures(options.demo))
    title = f"Checking, on {os.cpu_count()} cores"
    Console().print(goals_table(title, rows))
    if options.record:
        command = f"python {Path(__file__).relative_to(ROOT)} --demo --record"
        part = not options.demo  # what was measured of the demo before stays
        put_goals("checking", "Checking", command, rows, part)


if __name__ == "__main__":
    main()
