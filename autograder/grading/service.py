"""The warm service: answers checks of one project on one backend.

Started by the first `layerwise check` as `python -m autograder.grading.service ROOT
BACKEND`; ends after fifteen idle minutes, when the code it runs has changed, or when
told to. It listens on a private socket, one request a connection:

    {"do": "check", "exercise": id, "source": text, "filename": name}
        → {"event": "hello"}, {"event": "start", …}, {"event": "outcome", …} …,
          {"event": "result", …}
    {"do": "stop"} → {"event": "hello"}, {"event": "stopped"}
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.grading import runtime
from autograder.grading.current import PUBLIC_SECRET
from autograder.grading.talk import HungUp, Line

IDLE_SECONDS = 15 * 60


class Service:
    """Judges submissions for clients, one after another.

    Args:
        root: The project folder.
        backend: The backend of this process and of the template.
    """

    def __init__(self, root: Path, backend: str):
        from autograder.grading.engine import Engine
        from autograder.grading.transport import unisolated

        self.root, self.backend = root, backend
        self.stamp = runtime.fingerprint(root)
        self.workers = unisolated(backend, on_start=_import_keras)
        _import_keras()
        self.engine = Engine(root, scopes=("public",), secret=PUBLIC_SECRET)

    def serve(self, listener: socket.socket) -> None:
        """Answers until it is told to stop, is out of date, or nobody asks."""
        listener.settimeout(IDLE_SECONDS)
        while True:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                return
            with contextlib.closing(Line(connection)) as line:
                try:
                    if not self._answer(line):
                        return
                except HungUp:
                    continue  # the client went away

    def _answer(self, line: Line) -> bool:
        """Answers one client; False ends the service."""
        if self.stamp != runtime.fingerprint(self.root):
            line.send({"event": "stale"})
            return False
        line.send({"event": "hello"})
        request = line.receive()
        if request["do"] == "stop":
            line.send({"event": "stopped"})
            return False
        try:
            for event in self._check(line, request):
                line.send(event)
        except HungUp:
            raise
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            message = f"{type(error).__name__}: {error}"
            line.send({"event": "error", "message": message, "traceback": text})
            return False  # whatever broke, the next check starts afresh
        return True

    def _check(self, line: Line, request: dict) -> Iterator[dict[str, Any]]:
        from autograder.grading.submission import Submission
        from course import syllabus

        (exercise,) = syllabus.find(request["exercise"])
        submission = Submission(exercise, request["source"], request["filename"])
        suite = self.engine.suite(exercise)
        yield {"event": "start", "exercise": exercise.id, "total": len(suite)}
        self.workers.on_wait = lambda: _still_there(line)

        def tell(outcome: Any) -> None:
            _still_there(line)
            line.send({"event": "outcome", **outcome.as_dict()})

        result = self.engine.judge(submission, self.workers, tell, patience=1)
        yield {"event": "result", **result.as_dict(), "backend": self.backend}


def _still_there(line: Line) -> None:
    readable, _, _ = select.select([line.connection], [], [], 0)
    if readable and not line.connection.recv(1, socket.MSG_PEEK):
        raise HungUp


def _import_keras() -> None:
    """Brings Keras up in this process, while the template does the same in its own."""
    import gc

    from autograder.sandbox import backend

    backend.import_keras()
    import keras

    if gc.isenabled():
        keras.ops.convert_to_numpy(keras.ops.ones((2, 2)) @ keras.ops.ones((2, 2)))
        import autograder.grading.checks  # noqa: F401

        gc.collect()
        gc.freeze()


def main() -> None:
    root, backend = Path(sys.argv[1]), sys.argv[2]
    path = runtime.socket_path(root, backend)
    with open(path.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another service has just been started
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            os.chmod(path, 0o600)
            listener.listen(16)
            try:
                _serve(root, backend, listener)
            except Exception:  # before the listener closes, so that clients can read it
                traceback.print_exc()
                sys.stderr.flush()
                sys.exit(1)
            finally:
                path.unlink(missing_ok=True)


def _serve(root: Path, backend: str, listener: socket.socket) -> None:
    from autograder.sandbox.backend import settle

    settle()
    service = Service(root, backend)
    try:
        service.serve(listener)
    finally:
        service.workers.close()


if __name__ == "__main__":
    main()
