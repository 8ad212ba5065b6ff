"""A server of the app with an empty library, for each file of tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Server


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def app(serve: Callable[..., Server], library: Path) -> Iterator[Server]:
    """The app with this module's library. It ends with the module, so that its training slows no later test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PLAYGROUND_RUNS", str(library))
        server = serve("app.py")
    yield server
    server.stop()
