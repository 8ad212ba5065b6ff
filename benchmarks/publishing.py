"""The share of its training time that a session spends on its snapshots.

    python -m benchmarks.publishing --presets mnist-quick,ring8 --seconds 10

Both times are measured within one run, so the result does not depend on the load of the machine.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from gan_core import presets
from gan_core.session import Session
from gan_core.session.publisher import Publisher


class Spent:
    """Seconds spent on snapshots while training."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._show = Publisher.show

    def __call__(self, publisher: Publisher, status: Any) -> None:
        began = time.perf_counter()
        self._show(publisher, status)
        if status == "training":
            self.seconds += time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default="mnist-quick,ring8,gaussian-2d")
    parser.add_argument("--seconds", type=float, default=10, help="length of each run")
    options = parser.parse_args()
    for name in options.presets.split(","):
        spent = Spent()
        Publisher.show = lambda publisher, status, spent=spent: spent(publisher, status)  # type: ignore[method-assign,misc]
        session = Session(presets.load(name), device="cpu", threads=1, max_seconds=options.seconds)
        session.start()
        session.wait()
        Publisher.show = spent._show  # type: ignore[method-assign]
        print(f"{name}: publishing takes {spent.seconds / session.snapshot().seconds:.1%} of training time")


if __name__ == "__main__":
    main()
