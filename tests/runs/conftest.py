from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.runs import Metadata, RunStore, pack
from tests.support.saved_run import Files, saved_run, unzipped


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files in the zip of a run of points."""
    run, _ = saved_run(RunStore(tmp_path_factory.mktemp("sender")), name="to send")
    run.write_metadata(Metadata.of("to send", ["tag"], "notes"))
    return unzipped(pack(run).read())


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """An empty library."""
    (tmp_path / "library").mkdir()
    return RunStore(tmp_path / "library")
