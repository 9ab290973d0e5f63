"""`nbgrader collect` and `release_feedback`: what passes through the exchange, and when.

The exchange folder is open to students. A folder's name and the timestamp.txt in it are
what its owner wrote there; when the file system saw it change last is not.
"""

import datetime
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback

_TOLERANCE = datetime.timedelta(minutes=10)  # between a submit's start and its end


class TrustedCollect(ExchangeCollect):
    """Collects plain files only, with the time at which they arrived."""

    def init_src(self) -> None:
        self._times: dict[str, datetime.datetime] = {}
        super().init_src()

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """The record that a student's newest submission is chosen by.

        A folder that claims another time than that of its arrival counts as handed in
        when it arrived; so does one whose name says no time at all, which would end
        nbgrader's own collecting.
        """
        arrived = arrival(Path(path))
        name = os.path.basename(path)
        try:
            record = super()._path_to_record(path)
        except (ExchangeError, ValueError, OverflowError):
            record = {
                "username": name.split("+")[0],
                "filename": name,
                "timestamp": None,
            }
        claimed = record["timestamp"]
        if claimed is None or abs(arrived - claimed) > _TOLERANCE:
            self.log.warning(
                "%s claims to be from %s, but arrived at %s (UTC): that is taken.",
                path,
                claimed or "no time",
                arrived,
            )
            record["timestamp"] = arrived
        self._times[name] = record["timestamp"]
        return record

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copies a submission without links and the like, and notes its time.

        A link may lead to what the instructor can read and the student can't: the
        notebook with the solutions, somebody else's work.
        """
        with tempfile.TemporaryDirectory() as scratch:
            plain = Path(scratch, "plain")
            self._copy_plain(Path(src), plain)
            try:
                super().do_copy(str(plain), dest)
            except RuntimeError as error:  # larger than CourseDirectory.max_dir_size
                self.log.error("%s was not collected: %s", src, error)
                return
        note = Path(dest, "timestamp.txt")
        if note.is_dir():
            shutil.rmtree(note)
        note.unlink(missing_ok=True)
        note.write_text(f"{self._times[Path(src).name]} UTC\n", encoding="utf-8")

    def _copy_plain(self, src: Path, dest: Path) -> None:
        """Copies files and folders; links stay behind, even those made meanwhile."""

        def left_out(folder: str, names: list[str]) -> list[str]:
            odd = [name for name in names if not _is_plain(Path(folder, name))]
            for name in odd:
                self.log.warning("%s/%s is no plain file: left out.", folder, name)
            return odd

        if not _is_plain(src):
            self.log.warning("%s is no folder of its own: left out.", src)
            dest.mkdir()
            return
        shutil.copytree(src, dest, symlinks=True, ignore=left_out)
        for path in list(dest.rglob("*")):
            if path.is_symlink():
                path.unlink()


def arrival(folder: Path) -> datetime.datetime:
    """When a folder or anything in it changed last, by the file system's own clock.

    That is the time of the inode's change, which no user can set. UTC, as nbgrader
    has it.
    """
    latest = folder.lstat().st_ctime
    if not folder.is_symlink():
        for path in folder.rglob("*"):
            latest = max(latest, path.lstat().st_ctime)
    utc = datetime.datetime.fromtimestamp(latest, datetime.UTC)
    return utc.replace(tzinfo=None, microsecond=0)


def _is_plain(path: Path) -> bool:
    mode = os.lstat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


class ReleaseFeedback(ExchangeReleaseFeedback):
    """Releases feedback to those who handed in through the exchange.

    What came another way, from a learning platform, has no secret to fetch its feedback
    with; nbgrader would stop at the first of them.
    """

    def copy_files(self) -> None:
        without = []
        for page in Path(self.coursedir.root).glob(self._pages()):
            secret = page.with_name("submission_secret.txt")
            if not secret.exists() or not page.with_name("timestamp.txt").exists():
                without.append(page.parent.parent.name)
                self.log.warning("%s was not submitted here: hand it over.", page)
        known = filter(None, self.coursedir.student_id_exclude.split(","))
        self.coursedir.student_id_exclude = ",".join([*known, *without])
        super().copy_files()

    def _pages(self) -> str:
        """The feedback pages, as a pattern below the course folder."""
        directory, unit = (
            self.coursedir.feedback_directory,
            self.coursedir.assignment_id,
        )
        return f"{directory}/*/{unit}/*.html"
