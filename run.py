"""`python run.py demo` and `python run.py test`: what the Makefile does, without make.

Needs Python 3.11–3.13 and the package index; makes `.venv` on first use.
"""

import concurrent.futures
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
BACKENDS = ("torch", "tensorflow")
# Tests of what is the same on every backend, or takes minutes to trace in TensorFlow.
ONCE = (
    "authoring",
    "delivery",
    "course/test_demo.py",
    "milestones/test_trained.py",
)
# Units of NumPy alone are the same on every backend; TensorFlow proves the others.
NUMPY_UNITS = ("u01_numpy_mlp", "u02_autograd")
# Every known mistake of a whole network takes TensorFlow seconds to trace: these units'
# mistakes are proved on PyTorch here, on both by `layerwise verify`.
NETWORK_UNITS = ("u06_classic_cnns", "u07_residual", "u08_efficient_cnns")
# Debian's packages that some tests need beside Python's, and programs that show they are
# there; without them those tests are left out or, where CI is set, fail.
PROGRAMS = {"chromium": ("chromium", "chromium-browser"), "bubblewrap": ("bwrap",)}
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def install(*extras: str) -> None:
    """Makes `.venv` and installs what `extras` need, pinned by constraints.txt.

    Skipped when the same was installed from the same files before.
    """
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Layerwise needs Python 3.11, 3.12 or 3.13; this is {version}. "
            "Run it with another: python3.12 run.py demo"
        )
    stamp = VENV / "installed.txt"
    had = stamp.read_text(encoding="utf-8").splitlines() if stamp.exists() else []
    fingerprint = _fingerprint()
    known = set(had[1:]) if had[:1] == [fingerprint] else set()
    if known.issuperset(extras):
        return
    if not PYTHON.exists():
        print("Making .venv", flush=True)
        venv.create(VENV, with_pip=True)
    wanted = sorted({*known, *extras})
    print(
        f"Installing layerwise[{','.join(wanted)}]; this takes minutes once", flush=True
    )
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    package = ("-c", "constraints.txt", "-e", f".[{','.join(wanted)}]")
    if not call(*command, *package, PYTHONWARNINGS="ignore"):
        sys.exit(
            "The installation failed; pip says why above. Mend that and run the same "
            "command again. To start afresh, remove .venv."
        )
    stamp.write_text("\n".join([fingerprint, *wanted]) + "\n", encoding="utf-8")


def _fingerprint() -> str:
    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def install_programs() -> None:
    """Installs the missing of PROGRAMS where that is ours to do."""
    missing = [
        name for name, any_of in PROGRAMS.items() if not any(map(shutil.which, any_of))
    ]
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(f"Some tests need {names}: apt-get install {names}", flush=True)
        return
    print(f"Installing {names} with apt-get, for some tests", flush=True)
    options = ("--yes", "--quiet", "--quiet", "--no-install-recommends")
    command = ("apt-get", "install", *options, *missing)
    updated = call("apt-get", "update", "--quiet", "--quiet")
    if not (updated and call(*command, DEBIAN_FRONTEND="noninteractive")):
        print(f"apt-get could not install {names}; it says why above.", flush=True)


def call(*command, output=None, **environment: str) -> bool:
    """Runs a command in the project; whether it succeeded."""
    values = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=ROOT, env=values, stdout=output, stderr=output and subprocess.STDOUT
    )
    return done.returncode == 0


def step(title: str, *command, **environment: str) -> bool:
    """A named part of `test`; what it says is shown when it has ended."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        passed = call(*command, output=output, **environment)
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    verdict = "passed" if passed else "FAILED"
    seconds = time.monotonic() - started
    print(f"\n=== {title}\n{said}\n=== {title}: {verdict}, {seconds:.0f} s", flush=True)
    return passed


def demo() -> int:
    """Trains the course's networks and grades a sample class; pictures in out/."""
    backend = os.environ.get("KERAS_BACKEND") or _installed() or "torch"
    install(backend)
    return 0 if call(BIN / "layerwise", "demo", KERAS_BACKEND=backend) else 1


def _installed() -> str:
    """A backend that is already in .venv, so that no second one is fetched."""
    for backend in BACKENDS:
        if any(VENV.glob(f"lib/python*/site-packages/{backend}")):
            return backend
    return ""


def test() -> int:
    """Everything that CI runs: first what is quick, then the rest on both backends."""
    install("torch", "tensorflow", "dev")
    install_programs()
    started = time.monotonic()
    results = {title: step(title, *line) for title, line in _quick_steps()}
    results |= _two_at_a_time(_long_steps())
    return _summary(results, started)


def parity() -> int:
    """Keras's own tests against the course's layers, on both backends."""
    install("torch", "tensorflow", "dev")
    started = time.monotonic()
    return _summary(_two_at_a_time(_parity_steps()), started)


def _two_at_a_time(steps) -> dict[str, bool]:
    """Runs steps of titles, backends and commands; whether each has passed."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as two:
        running = {
            title: two.submit(step, title, *line, KERAS_BACKEND=backend, **ONE_THREAD)
            for title, backend, line in steps
        }
    return {title: future.result() for title, future in running.items()}


def _summary(results: dict[str, bool], started: float) -> int:
    print()
    for title, passed in results.items():
        print(f"{'ok  ' if passed else 'FAIL'} {title}")
    failed = list(results.values()).count(False)
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _quick_steps():
    """Titles and commands of what needs no tensors."""
    yield "lint", (BIN / "ruff", "check", ".")
    yield "format", (BIN / "ruff", "format", "--check", ".")
    yield "types", (BIN / "mypy",)
    yield "import contracts", (BIN / "lint-imports",)
    yield "stubs in sync", (BIN / "layerwise", "stubs", "--check")


def _long_steps():
    """Titles, backends and commands of the rest, the longest first: two at a time.

    One thread a process: threads that wait for each other on a busy machine make
    PyTorch many times slower.
    """
    tests = (PYTHON, "-m", "pytest", "-q", "--durations=20", "tests")
    others = [f"--ignore=tests/{path}" for path in ONCE]
    yield "pytest tests on torch", "torch", tests
    title = f"pytest tests on tensorflow, but {', '.join(ONCE)}"
    yield title, "tensorflow", (*tests, *others)
    units = sorted(path.name for path in (ROOT / "exercises").glob("u*"))
    tensors = [unit for unit in units if unit not in NUMPY_UNITS]
    layers = [unit for unit in tensors if unit not in NETWORK_UNITS]
    verify = (BIN / "layerwise", "verify")
    solutions = (PYTHON, "-m", "pytest", "-q")
    yield "verify on torch", "torch", verify
    title = f"verify {', '.join(layers)} on tensorflow"
    yield title, "tensorflow", (*verify, *layers)
    yield "pytest solutions on torch", "torch", (*solutions, "solutions")
    folders = [f"solutions/{unit}" for unit in tensors]
    title = f"pytest solutions on tensorflow, but {', '.join(NUMPY_UNITS)}"
    yield title, "tensorflow", (*solutions, *folders)
    yield from _parity_steps()


def _parity_steps():
    """The same of Keras's own tests, which its wheel brings along."""
    for backend in reversed(BACKENDS):
        command = (PYTHON, "tests/keras_own/run.py")
        yield f"Keras's own tests on {backend}", backend, command


def lint() -> int:
    """Formats, then lints, then checks types, imports and stubs."""
    install("torch", "tensorflow", "dev")
    call(BIN / "ruff", "format", ".")
    results = [step(title, *line) for title, line in _quick_steps()]
    return 0 if all(results) else 1


def bench() -> int:
    """The short measurements, one after the other; docs/benchmarks.md records whole ones."""
    install("torch", "tensorflow", "dev")
    started, results = time.monotonic(), {}
    for title, *words in _bench_parts():
        begun = time.monotonic()
        print(f"\n=== {title}", flush=True)
        results[title] = call(PYTHON, *words)
        print(f"=== {title}: {time.monotonic() - begun:.0f} s", flush=True)
    return _summary(results, started)


def _bench_parts():
    """Titles and commands, the shortest first. Each prints a table and records nothing."""
    yield "convolutions", "bench/convolutions.py", "--quick"
    yield "layers and networks", "bench/layers.py", "--quick"
    yield "nbgrader", "bench/nbgrader_autograde.py", "--count", "2"
    yield "checking", "bench/checking.py"
    yield "a class", "bench/class_grading.py", "--quick"


COMMANDS = {
    "demo": demo,
    "test": test,
    "parity": parity,
    "lint": lint,
    "bench": bench,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"Usage: python run.py {'|'.join(COMMANDS)}")
    try:
        sys.exit(COMMANDS[sys.argv[1]]())
    except KeyboardInterrupt:
        sys.exit(130)
