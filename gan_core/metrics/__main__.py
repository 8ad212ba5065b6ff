"""Train the classifier for a data set and ship it with the package: python -m gan_core.metrics mnist-5k"""

from __future__ import annotations

import argparse
import datetime

from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.data import load
from gan_core.metrics import feature_classifier


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gan_core.metrics", description=__doc__)
    parser.add_argument("data", choices=[name for name in DATASETS if DATASETS[name].classes])
    name = parser.parse_args().data
    trained = feature_classifier.train(
        load(TrainConfig().with_values({"data.name": name})),
        name,
        command=f"python -m gan_core.metrics {name}",
        date=datetime.date.today().isoformat(),
    )
    feature_classifier.save(trained, feature_classifier.SHIPPED / f"{name}.safetensors")
    parser.exit(message=f"{trained.info.accuracy:.1%} right on {trained.info.held_out} held-out images\n")


if __name__ == "__main__":
    main()
