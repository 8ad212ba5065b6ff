"""The command line: its output, and its exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from gan_core import presets
from gan_core.cli import main
from gan_core.config import SETTINGS
from gan_core.runs import RunStore
from gan_core.system import signals

ROOT = Path(__file__).parents[2]
POINTS = ["train", "--preset", "gaussian-2d", "--set", "record.frame_every=1000000"]
DIGITS = ["train", "--preset", "mlp-mnist", "--set", "generator.hidden=16", "--set", "discriminator.hidden=16"]


def run(*arguments: str, status: int = 0) -> None:
    assert main(list(arguments)) == status


def lines(captured: str) -> list[str]:
    return captured.strip().splitlines()


def metrics_of(folder: Path) -> list[list[str]]:
    """The rows of metrics.csv without the seconds."""
    rows = [row.split(",") for row in lines((folder / "metrics.csv").read_text())]
    clock = rows[0].index("seconds")
    return [row[:clock] + row[clock + 1 :] for row in rows]


@pytest.fixture
def digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A run of five steps on digits."""
    run(*DIGITS, "--steps", "5", "--runs", str(tmp_path))
    return Path(lines(capsys.readouterr().out)[-1])


# ---- help and lists --------------------------------------------------------------------------------------------------


def test_presets_are_listed_with_their_times(capsys: pytest.CaptureFixture[str]) -> None:
    run("presets")
    listed = capsys.readouterr().out
    for name in presets.names():
        assert f"  {name} " in listed
    assert "2 min  Digits in a minute" in listed


def test_the_help_of_train_lists_every_setting_with_its_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    run("train", "--help")
    shown = " ".join(capsys.readouterr().out.split())
    for key, setting in SETTINGS.items():
        if key != "preset":
            assert f"{key} = " in shown
            assert setting.help in shown
    assert "optimizer_g.lr = 0.0002 (live) Learning rate. A number above 0 and at most 10." in shown


@pytest.mark.parametrize("arguments", [["presets"], ["--help"], ["train", "--help"], ["train", "--preset", "nothing"]])
def test_commands_that_do_not_train_do_not_import_torch(arguments: list[str]) -> None:
    code = f"import sys; from gan_core.cli import main; main({arguments}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


# ---- training --------------------------------------------------------------------------------------------------------


def test_training_prints_plain_lines_to_a_pipe_and_the_folder_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*POINTS, "--steps", "30", "--runs", str(tmp_path), "--name", "my run")
    out = lines(capsys.readouterr().out)
    folder = Path(out[-1])
    assert folder.parent == tmp_path
    assert "\r" not in "".join(out)
    assert any(line.startswith("step 30/30, epoch 0.2") for line in out)
    [kept] = RunStore(tmp_path).list()
    assert (kept.id, kept.name, kept.step) == (folder.name, "my run", 30)
    assert kept.config.preset == "gaussian-2d"


def test_settings_given_on_the_command_line_are_those_of_the_run(tmp_path: Path) -> None:
    run(*POINTS, "--steps", "3", "--runs", str(tmp_path), "--set", "optimizer_g.lr=1e-4", "--set", "seed=7")
    [kept] = RunStore(tmp_path).list()
    assert (kept.config.optimizer_g.lr, kept.config.seed) == (1e-4, 7)


def test_a_resumed_run_has_the_metrics_of_an_uninterrupted_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*POINTS, "--steps", "40", "--runs", str(tmp_path / "whole"))
    whole = lines(capsys.readouterr().out)[-1]
    run(*POINTS, "--steps", "15", "--runs", str(tmp_path / "broken"))
    out = lines(capsys.readouterr().out)
    broken = out[-1]
    assert out[-2] == f"Stopped at step 15. To resume: python -m gan_core resume {broken}"
    run("resume", broken, "--steps", "25")
    assert lines(capsys.readouterr().out)[-1] == broken
    assert metrics_of(Path(broken)) == metrics_of(Path(whole))


def test_a_finished_run_needs_steps_or_seconds_to_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(*POINTS, "--set", "max_steps=10", "--runs", str(tmp_path))
    folder = lines(capsys.readouterr().out)[-1]
    run("resume", folder, status=2)
    assert "the run is finished" in capsys.readouterr().err
    run("resume", folder, "--steps", "5")
    assert metrics_of(Path(folder))[-1][0] == "15"


def test_training_for_some_seconds_takes_about_as_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(*POINTS, "--seconds", "0.5", "--runs", str(tmp_path))
    folder = Path(lines(capsys.readouterr().out)[-1])
    last = float(lines((folder / "metrics.csv").read_text())[-1].split(",")[2])
    assert 0.5 <= last < 5


def test_missing_data_is_one_line_and_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("train", "--preset", "mlp-anime", "--runs", str(tmp_path), status=1)
    err = lines(capsys.readouterr().err)
    assert len(err) == 1
    assert "folder" in err[0]


def test_a_diverged_run_names_the_loss_and_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wild = ["--set", "optimizer_d.name=sgd", "--set", "optimizer_d.lr=10", "--set", "loss.name=wasserstein"]
    run(*DIGITS, *wild, "--set", "optimizer_d.momentum=0.99", "--runs", str(tmp_path), status=1)
    out, err = capsys.readouterr()
    assert "loss became" in err
    assert Path(lines(out)[-1]).parent == tmp_path


# ---- sampling --------------------------------------------------------------------------------------------------------


def test_samples_are_a_square_grid_and_the_same_for_the_same_seed(digits: Path, tmp_path: Path) -> None:
    one, same, other = (tmp_path / f"{name}.png" for name in ("one", "same", "other"))
    run("sample", str(digits), "-n", "9", "-o", str(one))
    run("sample", str(digits), "-n", "9", "-o", str(same), "--seed", "0")
    run("sample", str(digits), "-n", "9", "-o", str(other), "--seed", "1")
    assert Image.open(one).size == (3 * 28, 3 * 28)
    assert one.read_bytes() == same.read_bytes() != other.read_bytes()


def test_points_are_sampled_as_a_scatter_or_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(*POINTS, "--steps", "2", "--runs", str(tmp_path))
    folder = lines(capsys.readouterr().out)[-1]
    run("sample", folder, "-n", "20", "-o", str(tmp_path / "points.png"))
    run("sample", folder, "-n", "20", "-o", str(tmp_path / "points.csv"))
    assert len(Image.open(tmp_path / "points.png").getcolors()) == 2
    table = lines((tmp_path / "points.csv").read_text())
    assert (table[0], len(table)) == ("x,y", 21)


def test_a_conditional_run_samples_one_class_and_an_error_lists_the_classes(
    digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*DIGITS, "--set", "condition.name=projection", "--steps", "2", "--runs", str(tmp_path))
    folder = lines(capsys.readouterr().out)[-1]
    run("sample", folder, "-n", "4", "--class", "7", "-o", str(tmp_path / "sevens.png"))
    run("sample", folder, "-n", "4", "-o", str(tmp_path / "all.png"))
    assert (tmp_path / "sevens.png").read_bytes() != (tmp_path / "all.png").read_bytes()
    run("sample", folder, "--class", "seven", status=2)
    run("sample", str(digits), "--class", "7", status=2)
    refused = lines(capsys.readouterr().err)
    assert "choose from 0, 1, 2" in refused[0]
    assert "has no classes" in refused[1]


@pytest.mark.parametrize("name", ["grid.xyz", "grid.csv", "no-such-folder/grid.png"])
def test_a_picture_that_cannot_be_written_is_a_bad_argument(
    digits: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("sample", str(digits), "-o", str(tmp_path / name), status=2)
    err = lines(capsys.readouterr().err)
    assert len(err) == 1
    assert "cannot write" in err[0]


# ---- evaluation ------------------------------------------------------------------------------------------------------


def test_an_evaluation_of_images_lists_the_values_of_real_images(
    digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("evaluate", str(digits))
    out = lines(capsys.readouterr().out)
    assert out[0] == f"{digits}, step 5"
    assert out[1].startswith("5000 generated against 5000 real images, by the mnist-5k classifier")
    [frechet] = [line.split()[2:] for line in out if line.startswith("Fréchet distance")]
    value, low, _, high, real, n, _ = frechet
    assert 300 < float(low) <= float(value) <= float(high)  # five steps of training: noise
    assert float(real) < 5  # real against real
    assert n == "5000"
    for label in ("kernel distance (KID)", "novelty", "sliced Wasserstein distance"):
        assert any(line.startswith(label) for line in out)
    assert out[-1].startswith("missing classes: ")
    assert "none" not in out[-1]


def test_an_evaluation_of_points_lists_divergences_and_moments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("train", "--preset", "ring8", "--steps", "2", "--runs", str(tmp_path))
    folder = lines(capsys.readouterr().out)[-1]
    run("evaluate", folder)
    out = capsys.readouterr().out
    assert "20000 generated points" in out
    assert "0 of 8" in out
    assert "Jensen-Shannon divergence, bits" in out
    assert "Wasserstein distance" in out
    assert "true [0, 0]" in out
    assert "true [[2, 0], [0, 2]]" in out


def test_the_best_checkpoint_is_sampled_and_evaluated_on_request(
    digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("sample", str(digits), "--best", status=1)
    assert "has no best one" in capsys.readouterr().err
    train = (*POINTS, "--steps", "40", "--set", "record.evaluate_every=0.001", "--runs", str(tmp_path))
    run(*train)
    folder = lines(capsys.readouterr().out)[-1]
    best = RunStore(tmp_path).open(Path(folder).name).best()
    assert best is not None
    run("evaluate", folder, "--best")
    assert lines(capsys.readouterr().out)[0] == f"{folder}, step {best.step}"
    run("sample", folder, "--best", "-o", str(tmp_path / "best.png"))
    assert (tmp_path / "best.png").exists()


# ---- as a process ----------------------------------------------------------------------------------------------------


def start(tmp_path: Path, *more: str, **how: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gan_core", *POINTS, "--set", "max_steps=1000000", "--runs", str(tmp_path), *more]
    return subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE, **how)  # type: ignore[call-overload]


@pytest.mark.parametrize("number", signals.ending_signals())
def test_a_signal_saves_and_prints_how_to_resume(number: signal.Signals, tmp_path: Path) -> None:
    process = start(tmp_path, stdout=subprocess.PIPE)
    assert process.stdout is not None
    while not process.stdout.readline().startswith("step "):
        assert process.poll() is None
    process.send_signal(number)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert (process.returncode, err) == (0, "")
    folder = Path(lines(out)[-1])
    assert f"python -m gan_core resume {folder}" in lines(out)[-2]
    [kept] = RunStore(tmp_path).list()
    assert kept.status == "stopped"
    assert (folder / f"step-{kept.step:07d}" / "state.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_gets_a_bar(tmp_path: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = start(tmp_path, "--steps", "20", stdout=theirs)
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    assert process.wait(30) == 0
    text = shown.decode()
    assert "\r100% ████" in text
    assert "step 20/20" in text
    assert str(tmp_path) in text.split("\r\n")[-2]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # on Linux: the other end is closed
        return b""
