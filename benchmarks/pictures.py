"""Make all pictures of the README, the docs and the Home page anew.

    python -m benchmarks.pictures    # about a quarter of an hour of two CPU cores
    python -m benchmarks.pictures --only faces --only film

Each picture has a command of its own, which is printed before it runs.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys

from tests.conftest import ROOT

COMMANDS = {
    "faces": "gan_core sample checkpoints/pretrained/faces --output docs/images/faces.png",
    "film": "benchmarks.readme_film --output docs/images/training.gif",
    "home": "benchmarks.home_pictures",
    "recipes": "benchmarks.recipes --seconds 30",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=COMMANDS, help="default: all")
    for name in parser.parse_args().only or COMMANDS:
        print(f"{name}: python -m {COMMANDS[name]}", flush=True)
        subprocess.run([sys.executable, "-m", *shlex.split(COMMANDS[name])], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
