"""`python run.py demo` and `python run.py test`: what the Makefile does, without make.

Needs Python 3.11–3.13 and the package index; makes `.venv` on first use.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
BACKENDS = ("torch", "tensorflow")


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
    print(f"Installing layerwise[{','.join(wanted)}]; this takes minutes once", flush=True)
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not call(*command, "-c", "constraints.txt", "-e", f".[{','.join(wanted)}]"):
        sys.exit(
            "The installation failed; pip says why above. Mend that and run the same "
            "command again. To start afresh, remove .venv."
        )
    stamp.write_text("\n".join([fingerprint, *wanted]) + "\n", encoding="utf-8")


def _fingerprint() -> str:
    import hashlib

    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def call(*command, **environment: str) -> bool:
    """Runs a command in the project; whether it succeeded."""
    values = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    return subprocess.run([str(c) for c in command], cwd=ROOT, env=values).returncode == 0


def step(title: str, *command, **environment: str) -> bool:
    """A named part of `test`."""
    print(f"\n=== {title}", flush=True)
    passed = call(*command, **environment)
    print(f"=== {title}: {'passed' if passed else 'FAILED'}", flush=True)
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
    """Everything that CI runs."""
    install("torch", "tensorflow", "dev")
    results = {title: step(title, *line, **env) for title, line, env in _test_steps()}
    print("\n" + "\n".join(f"{'ok  ' if r else 'FAIL'} {t}" for t, r in results.items()))
    return 0 if all(results.values()) else 1


def _test_steps():
    """Each part of `test`: its title, its command, its environment."""
    pytest = (PYTHON, "-m", "pytest", "-q")
    yield "lint", (BIN / "ruff", "check", "."), {}
    yield "format", (BIN / "ruff", "format", "--check", "."), {}
    yield "types", (BIN / "mypy",), {}
    yield "import contracts", (BIN / "lint-imports",), {}
    yield "stubs in sync", (BIN / "layerwise", "stubs", "--check"), {}
    for backend in BACKENDS:
        env = {"KERAS_BACKEND": backend}
        yield f"verify on {backend}", (BIN / "layerwise", "verify"), env
        yield f"pytest solutions on {backend}", (*pytest, "solutions"), env
        yield f"pytest tests on {backend}", (*pytest, "tests"), env


def lint() -> int:
    """Formats, then lints, then checks types and imports."""
    install("torch", "tensorflow", "dev")
    call(BIN / "ruff", "format", ".")
    steps = [line for title, line, _ in _test_steps() if title in LINT]
    results = [call(*line) for line in steps]  # all of them, also after a failure
    return 0 if all(results) else 1


LINT = ("lint", "types", "import contracts", "stubs in sync")


def bench() -> int:
    """Measures start-up, warm checks, engine overhead and memory; prints a table."""
    install("torch", "tensorflow", "dev")
    return 0 if call(PYTHON, "bench/checking.py") else 1


COMMANDS = {"demo": demo, "test": test, "lint": lint, "bench": bench}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"Usage: python run.py {'|'.join(COMMANDS)}")
    try:
        sys.exit(COMMANDS[sys.argv[1]]())
    except KeyboardInterrupt:
        sys.exit(130)
