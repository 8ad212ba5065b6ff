"""The order of the folders: each imports only from folders before it, and no imports form a cycle."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest

import gan_core
from tests.architecture.source import ROOT, files, import_graph, packages

# Lowest first. A module imports from its own part and from parts on earlier lines.
ORDER = [
    {"gan_core.config", "gan_core.system"},
    {"gan_core.data", "gan_core.acceleration", "gan_core.presets"},
    {"gan_core.models", "gan_core.losses"},
    {"gan_core.training", "gan_core.metrics"},
    {"gan_core.latent", "gan_core.diagnosis"},
    {"gan_core.runs"},
    {"gan_core.export"},
    {"gan_core.session"},
    {"gan_core.compare"},
    {"gan_core.cli"},
    {"gan_core", "gan_core.__main__"},  # the public names and the command: no part of the engine imports them
    {"ui"},
    {"pages"},
    {"app"},
]
LEVELS = {part: level for level, parts in enumerate(ORDER) for part in parts}


def part_of(module: str) -> str:
    """The part of the project that a module belongs to: a folder of gan_core, or a top-level package."""
    return ".".join(module.split(".")[: 2 if module.startswith("gan_core") else 1])


def test_imports_go_down_the_order_of_parts() -> None:
    upward = [
        f"{module} imports {imported}"
        for module, dependencies in import_graph().items()
        for imported in dependencies
        if part_of(imported) != part_of(module) and LEVELS[part_of(imported)] >= LEVELS[part_of(module)]
    ]
    assert not upward


def test_no_imports_form_a_cycle() -> None:
    TopologicalSorter(import_graph()).prepare()  # raises CycleError, which names the modules of a cycle


def test_the_engine_holds_exactly_the_folders_of_the_order() -> None:
    entries = {path.stem for path in (ROOT / "gan_core").iterdir()} - {"__pycache__", "__init__"}
    assert entries == {part.removeprefix("gan_core.") for part in LEVELS if part.startswith("gan_core.")}


def test_the_engine_does_not_import_streamlit() -> None:
    for file in files("gan_core"):
        assert "streamlit" not in packages(file), file


def test_pages_do_no_mathematics() -> None:
    for file in [ROOT / "app.py", *files("pages")]:
        assert not packages(file) & {"torch", "numpy", "torchvision", "sklearn", "scipy"}, file


def test_the_public_names_can_be_imported_from_the_package() -> None:
    from gan_core import (
        RunStore,
        Session,
        TrainConfig,
        Trainer,
        compare,
        diagnosis,
        latent,
        losses,
        metrics,
        models,
        presets,
    )

    public = [TrainConfig, Trainer, Session, RunStore, presets, losses, models, diagnosis, metrics, latent, compare]
    names = {each.__name__.removeprefix("gan_core.") for each in public}
    assert names | {"ConfigError"} == set(gan_core.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Generator'"):
        _ = gan_core.Generator
