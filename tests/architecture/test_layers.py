"""The house keeps its floors: what may import what, and the rules that make runs repeatable and files safe to open."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import gan_core

ROOT = Path(__file__).parents[2]

# From the ground up. A module may import from its own floor and from those below.
FLOORS = [
    {"catalog", "schema", "randomness", "figures", "nested", "zips", "repeats", "tape", "calls"},
    {"sections"},
    {"config"},
    {
        "presets",
        "data",
        "models",
        "losses",
        "penalties",
        "optimizers",
        "ema",
        "augment",
        "allocator",
        "devices",
        "sampling",
        "second_order",
    },
    {"recorded_step"},
    {"graphs", "replays", "compiled"},
    {"trainer", "speed", "metrics", "latent"},
    {
        "checkpoint",
        "history",
        "evaluations",
        "plane",
        "snapshot",
        "recorder",
        "runs",
        "pretrained",
        "diagnosis",
        "export",
        "report",
        "tensorboard",
    },
    {"orders", "viewer", "sparing", "turns", "evaluator", "keeper", "loop", "session", "pool", "compare"},
    {"progress", "cli", "__main__"},
]
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}


def files(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


@cache
def nodes(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))))


def imports(file: Path) -> set[str]:
    """Every module that the file imports, at its top or inside a function: "gan_core.data", "torch"."""
    found: set[str] = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def packages(file: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(file)}


@cache
def calls(file: Path) -> list[tuple[str, ast.Call]]:
    """Each call by its dotted name: ("torch.load", node)."""
    return [(ast.unparse(node.func), node) for node in nodes(file) if isinstance(node, ast.Call)]


def arguments(call: ast.Call) -> dict[str | None, str]:
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def where(file: Path, node: ast.AST) -> str:
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


# ---- floors ----------------------------------------------------------------------------------------------------------


def room_of(file: Path) -> str:
    return file.relative_to(ROOT / "gan_core").parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", files("gan_core"), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_down_the_floors(file: Path) -> None:
    if file == ROOT / "gan_core" / "__init__.py":  # the front door: names every floor, loads none of them
        return
    own = FLOOR_OF[room_of(file)]
    rooms = {name.split(".")[1] for name in imports(file) if name.startswith("gan_core.")}
    above = {room for room in rooms if FLOOR_OF.get(room, 0) > own}
    assert not above


def test_the_engine_knows_no_page() -> None:
    for file in files("gan_core"):
        assert not packages(file) & {"streamlit", "ui", "pages", "app"}, file


def test_what_pages_share_knows_no_page() -> None:
    for file in files("ui"):
        assert not packages(file) & {"pages", "app"}, file


def test_pages_hold_no_mathematics() -> None:
    for file in [ROOT / "app.py", *files("pages")]:
        assert not packages(file) & {"torch", "numpy", "torchvision", "sklearn", "scipy"}, file


def test_the_front_door_opens_to_the_public_names() -> None:
    for name in gan_core.__all__:
        assert getattr(gan_core, name).__name__.split(".")[-1] == name
    with pytest.raises(AttributeError, match="no attribute 'Generator'"):
        _ = gan_core.Generator


# ---- rules -----------------------------------------------------------------------------------------------------------

EVERYWHERE = [ROOT / "app.py", *files("gan_core", "ui", "pages", "benchmarks")]
GLOBAL_SEEDS = ("torch.manual_seed", "torch.seed", "torch.cuda.manual_seed", "np.random.", "numpy.random.", "random.")
DRAWS = {"randn", "rand", "randint", "randperm", "multinomial", "bernoulli"} | {
    "normal_", "uniform_", "bernoulli_", "random_", "exponential_",
}  # fmt: skip
GLOBAL_DRAWS = {"randn_like", "rand_like", "randint_like"}  # torch gives these no generator of one's own


def test_nothing_draws_from_the_global_generators() -> None:
    """Two sessions in one process would disturb each other."""
    for file in EVERYWHERE:
        for name, call in calls(file):
            last = name.split(".")[-1]
            assert not name.startswith(GLOBAL_SEEDS), where(file, call)
            assert last not in GLOBAL_DRAWS, where(file, call)
            if last in DRAWS:
                assert "generator" in arguments(call), where(file, call)


def test_one_place_takes_gradients_for_training() -> None:
    """Every loss, penalty and network passes through the trainer's one loop; the judge of samples is no GAN.

    The others change no network: one looks for a latent, one asks what an optimiser remembers.
    """
    places = [
        file.relative_to(ROOT / "gan_core").as_posix()
        for file in files("gan_core")
        for name, _ in calls(file)
        if name.endswith("optimizer.step")
    ]
    assert sorted(places) == ["latent/inversion.py", "metrics/classifier.py", "optimizers.py", "trainer.py"]


def test_torchs_own_dropout_is_not_used() -> None:
    """It draws its masks from the global generator."""
    for file in EVERYWHERE:
        for name, call in calls(file):
            assert name not in ("nn.Dropout", "nn.Dropout1d", "nn.Dropout2d", "torch.dropout"), where(file, call)


def test_no_pickle_is_ever_loaded() -> None:
    for file in EVERYWHERE:
        for name, call in calls(file):
            assert name not in ("pickle.load", "pickle.loads", "joblib.load"), where(file, call)
            if name == "torch.load":
                assert arguments(call).get("weights_only") == "True", where(file, call)
            if name == "np.load":
                assert arguments(call).get("allow_pickle", "False") == "False", where(file, call)


def test_the_engine_prints_nothing() -> None:
    for file in files("gan_core"):
        assert "print" not in {name for name, _ in calls(file)}, file


def test_no_page_stops_before_its_end_since_a_click_that_waits_would_be_lost() -> None:
    for file in [*files("ui"), *files("pages")]:
        assert "st.stop" not in {name for name, _ in calls(file)}, file


def test_nothing_unfinished_is_left() -> None:
    hyphened = ("TO-DO", "FIX-ME", "X-X-X", "NotImplemented-Error")  # so that this file passes too
    words = [word.replace("-", "") for word in hyphened]
    for file in [*EVERYWHERE, *files("tests")]:
        text = file.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], file
