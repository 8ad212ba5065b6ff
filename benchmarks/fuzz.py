"""Changes one value in one file of a library, very many times: nothing may raise anything but the public errors.

    python -m benchmarks.fuzz --cases 20000

Each case reads the library, and imports the run if the file is one of a run. Every 20th case also resumes the run, and
every 200th draws the pages Runs, Latent and Compare, which takes 100 times as long as the rest of a case.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.support.one_change import Library, one_change
from ui import server

_RESUME_EVERY, _SHOW_EVERY, _REPORT_EVERY = 20, 200, 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library, began = Library(Path(folder)), time.monotonic()
        server.RUNS = library.store.root
        done, pages, faults = 0, 0, list[str]()

        def report() -> None:
            seconds = time.monotonic() - began
            print(f"{done} cases, {pages} of them on the pages: {len(faults)} exceptions, {seconds:.0f} s", flush=True)

        @seed(arguments.seed)
        @settings(
            max_examples=arguments.cases, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(one_change(library.files))
        def case(change: tuple[str, bytes]) -> None:
            nonlocal done, pages
            done += 1
            if done % _REPORT_EVERY == 0:
                report()
            try:
                run_case(library, *change, resume=done % _RESUME_EVERY == 0, show=done % _SHOW_EVERY == 0)
                pages += done % _SHOW_EVERY == 0
            except Exception as error:  # each is a fault, and the next case goes on
                line = traceback.extract_tb(error.__traceback__)[-1]
                faults.append(
                    f"{change[0]} {change[1][:80]!r}: {type(error).__name__} in {line.filename}:{line.lineno}"
                )
                print(faults[-1], str(error)[:300], flush=True)

        case()
        report()


def run_case(library: Library, name: str, content: bytes, resume: bool, show: bool) -> None:
    """Read, import, resume and show a library with one file changed."""
    with library.changed(name, content):
        library.read()
        if resume:
            library.resume()
        if show:
            library.show()
    if name.startswith("run/"):
        library.send(name.removeprefix("run/"), content)


if __name__ == "__main__":
    main()
