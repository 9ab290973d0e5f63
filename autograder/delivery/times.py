"""When students handed in, from a table of the instructor's: files can't be trusted."""

import csv
import datetime
from dataclasses import replace
from pathlib import Path

from autograder.delivery.collecting import Collected, NothingToGrade


def with_times(found: Collected, table: Path) -> Collected:
    """Adds when each student handed in, from the instructor's own table.

    Raises:
        NothingToGrade: If the table lacks a column or holds a time without a zone.
    """
    times: dict[tuple[str, str], str] = {}
    with open(table, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            try:
                moment = datetime.datetime.fromisoformat(row["submitted_at"].strip())
                student, exercise = row["student"], row.get("exercise") or ""
            except (KeyError, ValueError, AttributeError) as error:
                raise NothingToGrade(
                    f"{table}: columns student and submitted_at are needed, times like "
                    f"2026-11-02T23:59:00+01:00 ({error})."
                ) from error
            if moment.tzinfo is None:
                raise NothingToGrade(f"{table}: {student}'s time says no zone.")
            times[student, exercise] = moment.isoformat()
    found.handed = [
        replace(one, submitted_at=time)
        if (time := times.get((one.student, one.exercise.id)))
        or (time := times.get((one.student, "")))
        else one
        for one in found.handed
    ]
    return found
