"""The folder that holds all studies of a library, and its trash."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gan_core import data
from gan_core.compare.plan import Comparison, comparison
from gan_core.compare.study import Study, StudyError, require_same_data
from gan_core.runs import RunStore
from gan_core.runs.shipped import store_of
from gan_core.system.files import file_version

_STUDY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


class StudyStore:
    """All studies of one run library, by default `checkpoints`."""

    def __init__(self, root: str | Path = "checkpoints") -> None:
        self.root = Path(root)

    def create(self, comparison: Comparison) -> Study:
        """A new study's folder; its title gets a number if another study has it.

        Raises `StudyError` if it cannot be written.
        """
        comparison = comparison.with_fields(title=self._unused(comparison.title))
        name = f"{time.strftime('%Y-%m-%d')}-{comparison.id}-{secrets.token_hex(3)}"
        study = Study(self.root / "comparisons" / name)
        try:
            study.path.mkdir(parents=True)
            study.write(comparison.with_fields(base=data.with_classes(data.with_absolute_path(comparison.base))))
        except OSError as error:
            raise StudyError(
                f"Cannot save comparisons in {self.root}: {error.strerror}. Choose another folder"
            ) from None
        return study

    def _unused(self, title: str) -> str:
        used = set()
        for study in self.list():
            with suppress(StudyError):
                used.add(study.comparison.title)
        numbered = (f"{title} ({number})" for number in itertools.count(2))
        return title if title not in used else next(each for each in numbered if each not in used)

    def from_runs(self, run_ids: Sequence[str]) -> Study:
        """A study of existing runs only. The same runs return the same study.

        Raises:
            RunError: there is no such run.
            StudyError: the runs train on different data, or the folder cannot be written.
        """
        library = RunStore(self.root)
        runs = [store_of(run_id, library).open(run_id) for run_id in dict.fromkeys(run_ids)]
        for study in self.list():
            with suppress(StudyError):
                if not study.comparison.axes and {added.run_id for added in study.added_runs()} == set(run_ids):
                    return study
        plan = comparison(id="runs", title=f"{len(runs)} runs of the library", base=runs[0].config, axes=[])
        for run in runs:
            require_same_data(run, plan)
        study = self.create(plan)
        for run in runs:
            study.add_run(run.id)
        return study

    def open(self, study_id: str) -> Study:
        """The study with this id. Raises `StudyError` if there is none."""
        study = Study(self.root / "comparisons" / study_id)
        if not _STUDY_ID.fullmatch(study_id) or not os.path.lexists(study.path / "comparison.json"):
            raise StudyError(f'There is no comparison "{study_id[:100]}" in {self.root}; it may have been deleted')
        return study

    def list(self) -> list[Study]:
        """All studies, the latest first."""
        try:
            names = os.listdir(self.root / "comparisons")
        except OSError:  # there is none yet
            return []
        files = [self.root / "comparisons" / name / "comparison.json" for name in filter(_STUDY_ID.fullmatch, names)]
        found = [Study(file.parent) for file in files if os.path.lexists(file)]
        return sorted(found, key=lambda study: file_version(study.path / "comparison.json"), reverse=True)

    def studies_of_runs(self) -> dict[str, Study]:
        """The study that a run was trained for, by the id of the run; other runs are left out."""
        found: dict[str, Study] = {}
        for study in self.list():
            with suppress(StudyError):
                trials = [study.trial_status(job.key) for job in study.jobs]
                found |= {trial.run_id: study for trial in trials if trial.run_id}
        return found

    def trash(self, study_id: str) -> None:
        """Move a study to the trash; its runs stay in the library. `restore` undoes it until the trash is emptied.

        Raises:
            StudyError: there is no such study, it is running, or its folder cannot be moved.
        """
        study = self.open(study_id)
        if study.is_running:
            raise StudyError("The comparison is being trained; stop all its runs first, then delete it")
        self._move(study.path, self._in_trash(study_id), "delete")

    def restore(self, study_id: str) -> None:
        """Move a study out of the trash. Raises `StudyError` if it is not there any more."""
        if not _STUDY_ID.fullmatch(study_id) or not self._in_trash(study_id).is_dir():
            raise StudyError(f'There is no comparison "{study_id[:100]}" in the trash; it may have been emptied')
        self._move(self._in_trash(study_id), self.root / "comparisons" / study_id, "restore")

    def _in_trash(self, study_id: str) -> Path:
        return self.root / ".trash" / "comparisons" / study_id

    def _move(self, source: Path, target: Path, verb: str) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(source, target)
        except OSError as error:
            raise StudyError(f"Cannot {verb} the comparison {source.name}: {error.strerror}") from None
