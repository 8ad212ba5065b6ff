"""The folder that holds all comparisons, and their way into the trash and back."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gan_core.compare.plan import Comparison, comparison
from gan_core.compare.study import Study, StudyError, check_data
from gan_core.runs import RunStore
from gan_core.runs.shipped import store_of

_STUDY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


class StudyStore:
    """All comparisons of one run library, by default `checkpoints`."""

    def __init__(self, root: str | Path = "checkpoints") -> None:
        self.root = Path(root)

    def create(self, comparison: Comparison) -> Study:
        """A new comparison's folder. Raises `StudyError` if it cannot be written."""
        name = f"{time.strftime('%Y-%m-%d')}-{comparison.id}-{secrets.token_hex(3)}"
        study = Study(self.root / "comparisons" / name)
        try:
            study.path.mkdir(parents=True)
            study.write(comparison)
        except OSError as error:
            raise StudyError(
                f"Cannot keep comparisons in {self.root}: {error.strerror}. Choose another folder"
            ) from None
        return study

    def gather(self, run_ids: Sequence[str]) -> Study:
        """A comparison of runs that the library has already, and of nothing else; the same runs give the same one.

        Raises:
            RunError: there is no such run.
            StudyError: they learn different data, or the folder cannot be written.
        """
        wanted = set(run_ids)
        library = RunStore(self.root)
        runs = [store_of(run_id, library).open(run_id) for run_id in dict.fromkeys(run_ids)]
        for study in self.list():
            with suppress(StudyError):
                if not study.comparison.axes and {added_run.run_id for added_run in study.added_runs()} == wanted:
                    return study
        plan = comparison(id="runs", title=f"{len(runs)} runs of the library", base=runs[0].config, axes=[])
        for run in runs:
            check_data(run, plan)
        study = self.create(plan)
        for run in runs:
            study.join(run.id)
        return study

    def open(self, race_id: str) -> Study:
        """The comparison with this id. Raises `StudyError` if there is none."""
        study = Study(self.root / "comparisons" / race_id)
        if not _STUDY_ID.fullmatch(race_id) or not (study.path / "comparison.json").is_file():
            raise StudyError(f'There is no comparison "{race_id[:100]}" in {self.root}; it may have been deleted')
        return study

    # ---- the trash: the library's own, which one button empties -----------------------------------------------------

    def trash(self, race_id: str) -> None:
        """Put a comparison aside; its runs stay in the library. `restore` brings it back until the trash is emptied.

        Raises:
            StudyError: there is no such comparison, it trains, or its folder cannot be moved.
        """
        study = self.open(race_id)
        if study.tended:
            raise StudyError("The comparison is being trained; stop all its runs first, then delete it")
        self._move(study.path, self._aside(race_id), "delete")

    def restore(self, race_id: str) -> None:
        """Bring a comparison back. Raises `StudyError` if it is not in the trash any more."""
        if not _STUDY_ID.fullmatch(race_id) or not self._aside(race_id).is_dir():
            raise StudyError(f'There is no comparison "{race_id[:100]}" in the trash; it may have been emptied')
        self._move(self._aside(race_id), self.root / "comparisons" / race_id, "bring back")

    def _aside(self, race_id: str) -> Path:
        return self.root / ".trash" / "comparisons" / race_id

    def _move(self, here: Path, there: Path, what: str) -> None:
        try:
            there.parent.mkdir(parents=True, exist_ok=True)
            os.replace(here, there)
        except OSError as error:
            raise StudyError(f"Cannot {what} the comparison {here.name}: {error.strerror}") from None

    # ---- all of them -----------------------------------------------------------------------------------------------

    def list(self) -> list[Study]:
        """All comparisons, the latest first."""
        found = [Study(file.parent) for file in self.root.glob("comparisons/*/comparison.json")]
        return sorted(found, key=lambda study: (study.path / "comparison.json").stat().st_mtime, reverse=True)
