"""What CUDA may compute with, and that a CPU is not touched by it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import torch

from gan_core.system.devices import CudaOptions, find_device, multiplies_bfloat16
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS


def test_a_gpu_is_called_as_its_tensors_call_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tensor that was moved to "cuda" says that it is on "cuda:0", which is not equal."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [str(find_device(name)) for name in ("auto", "cuda", "cuda:1", "cpu")] == [
        "cuda:0",
        "cuda:0",
        "cuda:1",
        "cpu",
    ]


# ---- what CUDA may compute with: one choice for all runs of a process ------------------------------------------------


def chosen() -> tuple[bool, bool, bool]:
    """Deterministic, TF32, and trying what is fastest."""
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.cudnn.benchmark,
    )


@pytest.fixture(params=[(False, False, False), (True, True, False)], ids=["as torch is", "as somebody chose"])
def before(request: pytest.FixtureRequest) -> Iterator[tuple[bool, bool, bool]]:
    """How torch's switches stand before anybody trains; after the test everybody has stopped, and they stand so again.

    No other test of this process has a trainer on CUDA at the same time.
    """
    first = chosen()
    torch.use_deterministic_algorithms(request.param[0])
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark = request.param[1:]
    yield request.param
    assert chosen() == request.param
    torch.use_deterministic_algorithms(first[0])
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark = first[1:]


def test_a_run_gets_its_options_and_restores_the_former_ones(before: tuple[bool, bool, bool]) -> None:
    somebody_is_strict, somebody_rounds, _ = before
    for deterministic, tf32 in product((True, False), repeat=2):
        options = CudaOptions(deterministic, tf32)
        strict = deterministic or somebody_is_strict
        assert chosen() == (strict, tf32 or somebody_rounds, not strict)
        del options
        assert chosen() == before


def test_two_runs_at_the_same_time_get_the_stricter_options() -> None:
    first = chosen()
    exact, rounded = CudaOptions(deterministic=False, tf32=False), CudaOptions(deterministic=True, tf32=True)
    assert chosen() == (True, False, False)
    del exact
    assert chosen() == (True, True, False)
    other = CudaOptions(deterministic=False, tf32=True)
    del rounded
    assert chosen() == (False, True, True)
    del other
    assert chosen() == first


def test_runs_in_many_threads_restore_the_former_options(before: tuple[bool, bool, bool]) -> None:
    def run(number: int) -> bool:
        for k in range(50):
            options = CudaOptions(deterministic=(number + k) % 2 == 0, tf32=k % 3 == 0)
            if options.deterministic and not chosen()[0]:
                return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(run, range(8)))


def test_on_a_cpu_tf32_is_float32_bit_for_bit() -> None:
    trainers = [Trainer(DIGITS.with_values({"precision": name}), "cpu") for name in ("float32", "tf32")]
    for _ in range(3):
        one, other = (trainer.step() for trainer in trainers)
        assert torch.equal(one.values, other.values)
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize("name", ["abacus", "mps", "meta", "cuda:99"])
def test_a_device_that_is_not_there_or_that_nothing_here_trains_on_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f'"{name}" is not'):
        find_device(name)


@pytest.mark.parametrize("there", [True, False], ids=["in hardware", "imitated"])
def test_bfloat16_is_float32_where_it_would_be_imitated_and_the_run_says_so(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.training.recorded_objective.multiplies_bfloat16", lambda device: there)
    exact, chosen = (Trainer(DIGITS.with_values({"precision": name}), "cpu") for name in ("float32", "bfloat16"))
    assert torch.equal(exact.step().values, chosen.step().values) != there
    assert exact.notes == ()
    assert chosen.notes == (
        () if there else ("No bfloat16 arithmetic on this device (CPU): the run trains in float32",)
    )


def test_a_cpu_without_onednn_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not multiplies_bfloat16(torch.device("cpu"))


def test_no_gpu_is_seen_by_a_test_that_is_not_about_one() -> None:
    seen = "import torch; print(torch.cuda.device_count())"
    started = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True)
    assert (torch.cuda.is_available(), os.environ["CUDA_VISIBLE_DEVICES"], started.stdout) == (False, "", "0\n")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpus_have_bfloat16_from_ampere_on() -> None:
    device = find_device("cuda")
    assert multiplies_bfloat16(device) == (
        torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8,)
    )


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_tf32_trains_near_float32_on_cuda() -> None:
    exact = Trainer(DIGITS.with_values({"precision": "float32"}), "cuda").step()
    rounded = Trainer(DIGITS.with_values({"precision": "tf32"}), "cuda").step()
    torch.testing.assert_close(rounded.values, exact.values, rtol=0.02, atol=0.02)
