"""Devices, and the arithmetic that CUDA may use."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import torch

from gan_core.config import TrainConfig
from gan_core.system import devices
from gan_core.system.devices import CudaOptions, find_device, multiplies_bfloat16
from gan_core.system.memory import used_bytes
from gan_core.training.throughput import seconds_per_step
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS, VARIANTS, trained


def test_a_gpu_has_the_name_of_its_tensors_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device of a tensor on "cuda" is "cuda:0", and the two are not equal."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    names = {"auto": "cuda:0", "cuda": "cuda:0", "cuda:1": "cuda:1", "cpu": "cpu", "cpu:0": "cpu"}
    for name, device in names.items():
        assert str(find_device(name)) == device
    with pytest.raises(
        ValueError, match=r'"cuda:2" is not a device of this machine; use auto or cpu or cuda:0 or cuda:1'
    ):
        find_device("cuda:2")


def test_the_gpu_of_apple_is_used_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert str(find_device("mps")) == str(find_device("mps:0")) == "mps:0"
    assert str(find_device("auto")) == "cpu"
    with pytest.raises(ValueError, match="use auto or cpu or mps"):
        find_device("cuda")


# ---- the arithmetic of CUDA: one choice for all runs of a process ----------------------------------------------------


def switches() -> tuple[bool, bool, bool]:
    """PyTorch's switches: deterministic algorithms, TF32 and cuDNN's benchmark mode."""
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.cudnn.benchmark,
    )


@pytest.fixture(params=[(False, False, False), (True, True, False)], ids=["defaults", "changed before"])
def before(request: pytest.FixtureRequest) -> Iterator[tuple[bool, bool, bool]]:
    """PyTorch's switches before any run starts. Checks after the test that they are the same."""
    first = switches()
    torch.use_deterministic_algorithms(request.param[0])
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark = request.param[1:]
    yield request.param
    assert switches() == request.param
    torch.use_deterministic_algorithms(first[0])
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark = first[1:]


def test_a_run_gets_its_options_and_restores_the_former_ones(before: tuple[bool, bool, bool]) -> None:
    deterministic_before, tf32_before, _ = before
    for deterministic, tf32 in product((True, False), repeat=2):
        options = CudaOptions(deterministic, tf32)
        strict = deterministic or deterministic_before
        assert switches() == (strict, tf32 or tf32_before, not strict)
        del options
        assert switches() == before


def test_two_runs_at_the_same_time_get_the_stricter_options() -> None:
    first = switches()
    exact, rounded = CudaOptions(deterministic=False, tf32=False), CudaOptions(deterministic=True, tf32=True)
    assert switches() == (True, False, False)
    del exact
    assert switches() == (True, True, False)
    other = CudaOptions(deterministic=False, tf32=True)
    del rounded
    assert switches() == (False, True, True)
    del other
    assert switches() == first


def test_runs_in_many_threads_restore_the_former_options(before: tuple[bool, bool, bool]) -> None:
    def run(number: int) -> bool:
        for k in range(50):
            options = CudaOptions(deterministic=(number + k) % 2 == 0, tf32=k % 3 == 0)
            if options.deterministic and not switches()[0]:
                return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(run, range(8)))


def test_tf32_equals_float32_on_a_cpu() -> None:
    trainers = [Trainer(DIGITS.with_values({"precision": name}), "cpu") for name in ("float32", "tf32")]
    for _ in range(3):
        one, other = (trainer.step() for trainer in trainers)
        assert torch.equal(one.values, other.values)
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize("name", ["abacus", "mps", "meta", "xla", "cuda", "cuda:99", "cpu:1", "CPU", "", 0, None])
def test_an_unavailable_or_unsupported_device_is_an_error_that_lists_the_devices(name: str) -> None:
    with pytest.raises(ValueError, match=f'^"{name}" is not a device of this machine; use auto or cpu$'):
        find_device(name)


@pytest.mark.parametrize("config", [DIGITS, POINTS, VARIANTS["spectral hinge"]], ids=["digits", "points", "bfloat16"])
def test_a_device_without_float64_fused_optimizers_and_recording_trains(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Apple's GPU, whose capabilities the CPU gets here."""
    exact = trained(config)
    monkeypatch.setitem(devices._CAPABILITIES, "cpu", devices._CAPABILITIES["mps"])
    plain = trained(config)
    assert plain.recorded_step is None
    torch.testing.assert_close(plain.step().values, exact.step().values, rtol=1e-3, atol=1e-3)
    assert used_bytes(plain.device) > 0


@pytest.mark.mps
@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="needs Apple's GPU")
@pytest.mark.parametrize("name", VARIANTS)
def test_every_kind_of_run_trains_on_the_gpu_of_apple(name: str) -> None:
    trainer = Trainer(VARIANTS[name], "mps")
    assert all(math.isfinite(value) for value in trainer.step().values.tolist())
    state = trainer.state_dict()
    trainer.step()
    trainer.load_state_dict(state)
    Trainer(VARIANTS[name], "cpu").load_state_dict(state)
    assert trainer.generate(4).device.type == "cpu"
    assert used_bytes(trainer.device) > 0
    assert seconds_per_step(trainer, 0.0) > 0


@pytest.mark.parametrize("supported", [True, False], ids=["in hardware", "emulated"])
def test_a_run_trains_in_float32_with_a_note_where_bfloat16_is_emulated(
    supported: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.training.recorded_objective.multiplies_bfloat16", lambda device: supported)
    exact, rounded = (Trainer(DIGITS.with_values({"precision": name}), "cpu") for name in ("float32", "bfloat16"))
    assert torch.equal(exact.step().values, rounded.step().values) != supported
    assert exact.notes == ()
    note = "No bfloat16 arithmetic on this device (CPU): the run trains in float32"
    assert rounded.notes == (() if supported else (note,))


def test_a_cpu_without_onednn_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not multiplies_bfloat16(torch.device("cpu"))


def test_only_tests_marked_cuda_see_a_gpu() -> None:
    seen = "import torch; print(torch.cuda.device_count())"
    started = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True)
    assert (torch.cuda.is_available(), os.environ["CUDA_VISIBLE_DEVICES"], started.stdout) == (False, "", "0\n")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpus_support_bfloat16_since_ampere() -> None:
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
