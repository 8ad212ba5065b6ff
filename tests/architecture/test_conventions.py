"""The rules that make runs repeatable, files safe to open, and the code whole."""

from __future__ import annotations

from tests.architecture.source import ROOT, calls, files, keywords, location

CODE = [ROOT / "app.py", *files("gan_core", "ui", "pages", "benchmarks")]
GLOBAL_SEEDS = ("torch.manual_seed", "torch.seed", "torch.cuda.manual_seed", "np.random.", "numpy.random.", "random.")
RANDOM_CALLS = {"randn", "rand", "randint", "randperm", "multinomial", "bernoulli"} | {
    "normal_", "uniform_", "bernoulli_", "random_", "exponential_",
}  # fmt: skip
WITHOUT_RNG = {"randn_like", "rand_like", "randint_like"}  # torch's functions that accept no torch.Generator


def test_nothing_draws_from_the_global_random_generators() -> None:
    """Two sessions in one process would change each other's numbers."""
    for file in CODE:
        for name, call in calls(file):
            last = name.split(".")[-1]
            assert not name.startswith(GLOBAL_SEEDS), location(file, call)
            assert last not in WITHOUT_RNG, location(file, call)
            if last in RANDOM_CALLS:
                assert "generator" in keywords(call), location(file, call)


def test_the_networks_of_a_gan_are_trained_in_one_place() -> None:
    """A GAN's optimisers step in training/optimizers.py; the other files fit a latent and the metrics' classifier."""
    places = {
        file.relative_to(ROOT / "gan_core").as_posix()
        for file in files("gan_core")
        for name, _ in calls(file)
        if name.endswith("optimizer.step")
    }
    assert places == {"latent/inversion.py", "metrics/feature_classifier.py", "training/optimizers.py"}


def test_the_dropout_of_torch_is_not_used() -> None:
    """It draws its masks from the global generator."""
    for file in CODE:
        for name, call in calls(file):
            assert name not in ("nn.Dropout", "nn.Dropout1d", "nn.Dropout2d", "torch.dropout"), location(file, call)


def test_no_pickle_is_loaded() -> None:
    for file in CODE:
        for name, call in calls(file):
            assert name not in ("pickle.load", "pickle.loads", "joblib.load"), location(file, call)
            if name == "torch.load":
                assert keywords(call).get("weights_only") == "True", location(file, call)
            if name == "np.load":
                assert keywords(call).get("allow_pickle", "False") == "False", location(file, call)


def test_files_from_outside_are_read_in_one_place() -> None:
    """`system.files` bounds what a JSON text may hold. The other places read what the project itself wrote."""
    own = {  # files and pipes of the project, and of the kernel
        "gan_core/compare/analysis/report.py",
        "gan_core/compare/execution/local_pool.py",
        "gan_core/compare/execution/worker.py",
        "gan_core/compare/learning_rates.py",
        "gan_core/compare/ready_made.py",
        "gan_core/data/faces.py",
        "gan_core/metrics/feature_classifier.py",
        "gan_core/presets/__init__.py",
        "gan_core/runs/pretrained.py",
        "gan_core/system/limits.py",
        "ui/components/assets.py",
        "ui/components/game.py",
        "ui/shell.py",
    }
    readers = {"gan_core/system/files.py", "gan_core/training/history.py", "gan_core/metrics/evaluations.py"}
    parsers = {"loads", "load_json", "from_json", "read_csv", "reader", "DictReader", "read_text", "literal_eval"}
    for file in files("gan_core", "ui", "pages"):
        for name, call in calls(file):
            *owner, last = name.rsplit(".", 1)
            checked = last == "from_json" and (owner or file.name == "train_config.py")  # of a config or a comparison
            if last in parsers and not checked:
                assert file.relative_to(ROOT).as_posix() in own | readers, location(file, call)


def test_the_engine_does_not_print() -> None:
    for file in files("gan_core"):
        assert "print" not in {name for name, _ in calls(file)}, file


def test_no_page_calls_st_stop_because_it_loses_pending_clicks() -> None:
    for file in [*files("ui"), *files("pages")]:
        assert "st.stop" not in {name for name, _ in calls(file)}, file


def test_files_are_short_enough_to_read() -> None:
    limits = {"gan_core/training/trainer.py": 180, "gan_core/session/loop.py": 150}
    folders = ("gan_core", "ui", "pages", "benchmarks", "tests")
    code = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in (".py", ".js", ".css")]
    lengths = {file.relative_to(ROOT).as_posix(): len(file.read_text("utf-8").splitlines()) for file in code}
    for file, length in lengths.items():
        limit = limits.get(file, 300)
        assert length <= limit, f"{file} has {length} lines, and at most {limit} are allowed: move a part to a new file"


def test_no_code_is_marked_as_unfinished() -> None:
    hyphened = ("TO-DO", "FIX-ME", "X-X-X", "NotImplemented-Error")  # so that this file passes too
    words = [word.replace("-", "") for word in hyphened]
    for file in [*CODE, *files("tests")]:
        text = file.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], file
