"""The import command."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.runs import RunStore
from tests.cli.test_cli import lines, run
from tests.cli.test_cli_refusals import error_line
from tests.support.saved_run import saved_run
from tests.support.small import DIGITS


def test_an_exported_run_goes_on_in_another_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, _ = saved_run(RunStore(tmp_path / "a"), DIGITS, save_at=(5,))
    packed, library = tmp_path / "run.zip", tmp_path / "b"
    run("export", str(saved.path), "--as", "zip", "-o", str(packed))
    run("import", str(packed), "--runs", str(library))
    assert lines(capsys.readouterr().out)[-1] == str(library / saved.path.name)
    (imported,) = RunStore(library).list()
    assert (imported.config, imported.checkpoints) == (saved.config, (5,))


@pytest.mark.parametrize(("content", "told", "status"), [(None, "cannot read", 2), (b"no zip", "zip", 1)])
def test_a_file_that_is_no_run_is_one_line(
    content: bytes | None, told: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, library = tmp_path / "run.zip", tmp_path / "b"
    if content is not None:
        file.write_bytes(content)
    run("import", str(file), "--runs", str(library), status=status)
    assert told in error_line(capsys)
    assert RunStore(library).list() == []
