"""A library in which one value of one file is changed, and everything that reads the library."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypothesis import strategies as some

from gan_core import compare
from gan_core.compare import StudyError, StudyStore
from gan_core.metrics.evaluations import Best, Evaluation
from gan_core.metrics.registry import MetricValue, Provenance
from gan_core.runs import Metadata, RunError, RunStore, pack, records, unpack
from gan_core.session import saved_snapshot
from tests.support.app_page import page_of
from tests.support.saved_run import saved_run, unzipped, zipped
from tests.support.small import POINTS

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|true|false|null|nan|[\[\]{},:]', re.IGNORECASE)
_ODD = [
    *b"0 -0 1 -1 0.5 1e9 1e18 1e308 1e400 -1e400 1e-400 NaN Infinity inf -inf nan true null 0x10 1_0 +1".split(),
    *b'"" "x" "1" "=1+1" "<b>" "../.." "\\ud800" "\\u0000" [] {} [[]] [{}] {"a":1} "finished" "forked"'.split(),
    b"9" * 400, b"9" * 5000, b"2000000000", b"200000000", b"[" * 500 + b"]" * 500, b"[" * 100_000, b"", b" ", b"\x00",
    b'"' + b"x" * 5000 + b'"', "ü".encode(), b"\xff", b"\n", b"'",
]  # fmt: skip


@some.composite
def one_change(draw: some.DrawFn, files: dict[str, bytes]) -> tuple[str, bytes]:
    """The name of one of the files, and its content after one change."""
    name = draw(some.sampled_from(sorted(files)))
    content = files[name]
    text = not name.endswith((".safetensors", ".png"))
    changes = [_value, _value, _value, _line, _byte] if text else [_byte]
    return name, draw(some.sampled_from(changes))(draw, content)


def _value(draw: some.DrawFn, content: bytes) -> bytes:
    tokens = list(_TOKEN.finditer(content))
    odd = draw(some.sampled_from(_ODD))
    if not tokens:
        return odd
    token = tokens[draw(some.integers(0, len(tokens) - 1))]
    return content[: token.start()] + odd + content[token.end() :]


def _line(draw: some.DrawFn, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    at = draw(some.integers(0, len(lines) - 1))
    changed = draw(some.sampled_from([[], [lines[at]] * 2, [lines[at][: len(lines[at]) // 2]], [b"\n", lines[at]]]))
    return b"".join([*lines[:at], *changed, *lines[at + 1 :]])


def _byte(draw: some.DrawFn, content: bytes) -> bytes:
    at = draw(some.integers(0, max(0, len(content) - 1)))
    return content[:at] + draw(some.binary(max_size=3)) + content[at + draw(some.integers(0, 3)) :]


class Library:
    """A library of two runs and two comparisons. `files` can be changed: they belong to one run or one comparison."""

    def __init__(self, folder: Path) -> None:
        self.store, self.studies = RunStore(folder / "library"), StudyStore(folder / "library")
        self._twins = folder / "twins"
        self.other, (self.run, _) = self.store.create(POINTS), saved_run(self.store)
        run = self.run
        run.write_metadata(Metadata.of("name", ["tag"], "notes"))
        run.log("started", 0, device="cpu", threads=1)
        run.log("changed", 1, text="n_critic 1 → 2")
        run.log("saved", 2, health=["mode-collapse"])
        run.log("finished", 2)
        metric = MetricValue("js", 0.5, 0.4, 0.6, 0.1, Provenance(10, "data", "coordinates"))
        run.write_evaluations([Evaluation(step, 0.5, 1.0, 64, (metric,)) for step in (1, 2)])
        (run.path / "best.json").write_text(Best(2, "js", 0.5).as_json())
        (run.path / "glances.jsonl").write_text('{"step": 1, "spread": 1.0, "nearest": 1.0, "js": 0.5}\n' * 2)
        (run.path / "directions.json").write_text('[{"name": "up", "kind": "pca", "vector": [1.0, 0.0]}]')
        self.study = self.studies.from_runs([run.id, self.other.id])
        self.study.pause()
        (folder / "library" / "library.json").write_text('{"limit": 20000000000}\n')
        self.zipped = {name.partition("/")[2]: content for name, content in unzipped(pack(run).read()).items()}
        places = {f"run/{name}": run.path / name for name in self.zipped}
        places |= {
            f"study/{name}": self.study.path / name for name in ("comparison.json", "joined.json", "orders.json")
        }
        self._places = places | {"library.json": folder / "library" / "library.json"}
        self.files = {name: path.read_bytes() for name, path in self._places.items()}

    @contextmanager
    def changed(self, name: str, content: bytes) -> Iterator[None]:
        """The library with one file changed."""
        try:
            self._places[name].write_bytes(content)
            yield
        finally:
            self._places[name].write_bytes(self.files[name])

    def read(self) -> None:
        """Read everything. Fails if another run is hidden, or an error is not the public one."""
        store, run = RunStore(self.store.root), self.run
        summaries, damaged = store.scan()
        assert self.other.id in {summary.id for summary in summaries}
        assert run.id in {summary.id for summary in summaries} | damaged.keys()
        for reason in damaged.values():
            assert "\n" not in reason
            assert "unexpected error" not in reason  # the JSON reader has others
            assert len(reason) < 1000
        readers: list[Callable[[], object]] = [
            store.refuse_if_full, lambda: saved_snapshot(run),
            lambda: [run.frame(step) for step in run.frames()], run.model,
            lambda: records.damage(run.path), lambda: compare.results_of(self.study), self.study.trial_statuses,
            lambda: [study.comparison for study in self.studies.list()],
        ]  # fmt: skip
        for reader in readers:
            with suppress(RunError, StudyError):
                reader()

    def resume(self) -> None:
        """Open the last checkpoint as training would."""
        with suppress(RunError):
            self.run.trainer("cpu").step()

    def send(self, name: str, content: bytes) -> None:
        """Import the run with one file changed. An imported run must be listed, and be exported again."""
        store, files = RunStore(self._twins), self.zipped | {name: content}
        try:
            run = unpack(zipped({f"sent/{file}": files[file] for file in files}), store)
        except RunError as error:
            reason = str(error)
        else:
            reason = ""
            assert [summary.id for summary in store.list()] == [run.id]
            assert not records.damage(run.path)
            pack(run).close()
        assert "\n" not in reason
        assert len(reason) < 1000
        shutil.rmtree(self._twins, ignore_errors=True)

    def show(self) -> None:
        """Draw the pages Runs, Latent and Compare."""
        for page, query in (("runs", {"run": self.run.id}), ("latent", {"run": self.run.id}), ("compare", {}),
                            ("compare", {"comparison": self.study.id})):  # fmt: skip
            app = page_of(page)
            app.query_params.update(query)
            app.run()
            assert not app.exception, (page, app.exception)
