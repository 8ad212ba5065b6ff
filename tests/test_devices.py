"""What CUDA may compute with, and that a CPU is not touched by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from gan_core.devices import choose_kernels, find_device, multiplies_bfloat16
from gan_core.trainer import Trainer
from tests.small import DIGITS


@pytest.fixture
def kernels() -> Iterator[None]:
    """The process's choices, put back afterwards."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark = before
    torch.use_deterministic_algorithms(False)


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


@pytest.mark.usefixtures("kernels")
def test_tf32_is_allowed_only_where_it_is_asked_for() -> None:
    torch.backends.cuda.matmul.allow_tf32 = False
    choose_kernels(deterministic=False, tf32=False)
    assert not torch.backends.cuda.matmul.allow_tf32
    choose_kernels(deterministic=False, tf32=True)
    assert torch.backends.cuda.matmul.allow_tf32


@pytest.mark.usefixtures("kernels")
def test_the_fastest_convolutions_are_found_by_trying_unless_runs_must_repeat() -> None:
    choose_kernels(deterministic=False, tf32=False)
    assert torch.backends.cudnn.benchmark
    choose_kernels(deterministic=True, tf32=False)
    assert not torch.backends.cudnn.benchmark
    choose_kernels(deterministic=False, tf32=False)  # beside a run that must repeat
    assert not torch.backends.cudnn.benchmark


@pytest.mark.usefixtures("kernels")
def test_on_a_cpu_tf32_is_float32_bit_for_bit() -> None:
    torch.backends.cuda.matmul.allow_tf32 = False
    trainers = [Trainer(DIGITS.with_values({"precision": name}), "cpu") for name in ("float32", "tf32")]
    for _ in range(3):
        one, other = (trainer.step() for trainer in trainers)
        assert torch.equal(one.figures, other.figures)
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize("there", [True, False], ids=["in hardware", "imitated"])
def test_bfloat16_is_float32_where_it_would_be_imitated_and_the_run_says_so(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.trainer.multiplies_bfloat16", lambda device: there)
    exact, chosen = (Trainer(DIGITS.with_values({"precision": name}), "cpu") for name in ("float32", "bfloat16"))
    assert torch.equal(exact.step().figures, chosen.step().figures) != there
    assert exact.notes == ()
    assert chosen.notes == (
        () if there else ("No bfloat16 arithmetic on this device (CPU): the run trains in float32",)
    )


def test_a_cpu_without_onednn_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not multiplies_bfloat16(torch.device("cpu"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpus_have_bfloat16_from_ampere_on() -> None:
    device = find_device("cuda")
    assert multiplies_bfloat16(device) == (
        torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8,)
    )


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.usefixtures("kernels")
def test_tf32_trains_near_float32_on_cuda() -> None:
    exact = Trainer(DIGITS.with_values({"precision": "float32"}), "cuda").step()
    rounded = Trainer(DIGITS.with_values({"precision": "tf32"}), "cuda").step()
    torch.testing.assert_close(rounded.figures, exact.figures, rtol=0.02, atol=0.02)
