"""Random and hostile input causes no traceback, writes no file outside its folder, and runs no code.

A few hundred cases each time; thousands with `pytest tests/architecture/test_fuzz.py --hypothesis-profile=thorough`.
"""

from __future__ import annotations

import io
import json
import pickle
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.schema import ConfigError
from gan_core.runs import Run, RunError, RunStore, pack, unpack
from gan_core.session import saved_snapshot
from tests.conftest import ROOT
from tests.data.test_zip import damaged
from tests.support.chance import cases
from tests.support.saved_run import saved_run, unzipped
from tests.support.small import DIGITS, POINTS
from ui import server
from ui.runs.thumbnails import thumbnail

CONFIGS = {"points": POINTS, "digits": DIGITS}
CANARY = Path(tempfile.gettempdir()) / "gan-playground-canary"


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (CANARY,)


def _picture(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=12),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
texts = some.one_of(
    some.text(max_size=40),
    values.map(lambda value: json.dumps(value)),
    some.sampled_from(["nan", "inf", "-1", "1e999", "0x10", "true", "null", "../..", "<b>", "[" * 2000, "9" * 400]),
)
contents = some.one_of(
    some.binary(max_size=300),
    texts.map(lambda text: text.encode("utf-8", errors="replace")),
    some.sampled_from([pickle.dumps(_Evil()), bytes(100_000), _picture(224, 56), _picture(4000, 4000)]),
)
names = some.one_of(
    some.text(max_size=30),
    some.sampled_from(
        [
            "../out.json",
            "/etc/out",
            "a/../../out",
            "run/config.json",
            "run/about.json",
            "run/events.jsonl",
            "run/glances.jsonl",
            "run/evals.csv",
            "run/metrics.csv",
            "run/best.json",
            "run/directions.json",
            "run/samples/step-0000002.safetensors",
            "run/samples/step-0000002.png",
            "run/step-0000002/state.json",
            "run/step-0000002/state.safetensors",
            "run/step-0000009/generator.safetensors",
        ]
    ),
)


class Zips(dict[str, bytes]):
    """Has a short representation for hypothesis' messages."""

    def __repr__(self) -> str:
        return f"zips of {', '.join(self)}"


def assert_one_sentence(error: Exception) -> None:
    assert "\n" not in str(error).strip()
    assert len(str(error)) < 1000


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    """Two runs as their zips: one of points, one of pictures."""
    store = RunStore(tmp_path_factory.mktemp("whole"))
    yield Zips({name: pack(saved_run(store, config)[0]).read() for name, config in CONFIGS.items()})
    assert not CANARY.exists(), "a file ran code"


# ---- settings --------------------------------------------------------------------------------------------------------


@cases(150, 700)
@given(some.dictionaries(some.sampled_from([*SETTINGS]) | some.text(max_size=10), texts, min_size=1, max_size=4))
def test_any_address_gives_a_config_or_one_sentence(query: dict[str, str]) -> None:
    try:
        config = TrainConfig.from_query(query)
    except ConfigError as error:
        assert_one_sentence(error)
        return
    assert TrainConfig.from_query(config.to_query()) == config


@cases(150, 700)
@given(damaged(POINTS.to_json().encode()) | contents)
def test_any_text_gives_a_config_or_one_sentence(content: bytes) -> None:
    try:
        config = TrainConfig.from_json(content.decode("utf-8", errors="replace"))
    except ConfigError as error:
        assert_one_sentence(error)
        return
    assert TrainConfig.from_json(config.to_json()) == config


# ---- runs ------------------------------------------------------------------------------------------------------------


def rebuilt(whole: bytes, changes: dict[str, bytes]) -> bytes:
    """The zip with some files added or replaced."""
    buffer = io.BytesIO()
    files = {"run/" + name.partition("/")[2]: content for name, content in unzipped(whole).items()} | changes
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


@cases(60, 500)
@given(data=some.data(), name=some.sampled_from([*CONFIGS]))
def test_any_zip_becomes_a_run_that_opens_or_one_sentence(
    data: some.DataObject, name: str, runs: dict[str, bytes]
) -> None:
    changes = some.dictionaries(names, contents, min_size=1, max_size=2)
    hostile = data.draw(damaged(runs[name]) | changes.map(lambda changes: rebuilt(runs[name], changes)))
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / "library")
        store.root.mkdir()
        try:
            run = unpack(io.BytesIO(hostile), store)
        except RunError as error:
            assert_one_sentence(error)
            assert list(store.root.iterdir()) == []
        else:
            assert [summary.id for summary in store.list()] == [run.id]
            read_everything(run)
        assert [path.name for path in Path(folder).iterdir()] == ["library"]


@cases(60, 300)
@given(data=some.data(), name=some.sampled_from([*CONFIGS]))
def test_a_library_with_any_damage_can_be_shown(data: some.DataObject, name: str, runs: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = unpack(io.BytesIO(runs[name]), RunStore(folder))
        files = [file for file in sorted(run.path.rglob("*")) if file.is_file()]
        for file in data.draw(some.lists(some.sampled_from(files), min_size=1, max_size=3)):
            file.write_bytes(data.draw(damaged(file.read_bytes()) | contents if file.stat().st_size else contents))
        for summary in RunStore(folder).list():
            assert summary.id == run.id
        read_everything(run)


def read_everything(run: Run) -> None:
    """Read what the page reads of a run. A damaged part may only raise `RunError`."""
    for read in (
        lambda: saved_snapshot(run),
        lambda: [run.frame(step) for step in run.frames()],
        lambda: run.trainer("cpu"),
    ):
        try:
            read()
        except RunError as error:
            assert_one_sentence(error)
    for step in run.frames():
        thumbnail.__wrapped__(run.path, step)


@cases(100, 300)
@given(names | texts)
def test_any_id_is_a_run_of_the_library_or_an_error(run_id: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(POINTS.to_json())
        store = RunStore(Path(folder) / "library")
        for action in (store.open, store.trash, store.restore, store.summary):
            with pytest.raises(RunError):
                action(run_id)


# ---- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, runs: dict[str, bytes]) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("library")
    unpack(io.BytesIO(runs["points"]), RunStore(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "RUNS", folder)
        yield folder
        server.pool().close()
        st.cache_resource.clear()
    shutil.rmtree(folder)


@cases(12, 80)
@given(
    page=some.sampled_from(["train", "runs"]),
    query=some.dictionaries(some.sampled_from(["run", "session", *SETTINGS]), texts, min_size=1, max_size=3),
)
def test_no_address_breaks_a_page(page: str, query: dict[str, str], library: Path) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page(f"pages/{page}.py")
    app.query_params.update(query)
    app.run()
    assert not app.exception
