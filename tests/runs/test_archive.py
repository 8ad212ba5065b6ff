"""A run goes out as one zip and comes back as it was; a zip that is not what it should be is one clear sentence."""

from __future__ import annotations

import io
import json
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from gan_core.runs import Metadata, Run, RunError, RunStore, checkpoint, import_checks, pack, shipped, unpack
from gan_core.session.observer import Observer
from gan_core.training.memory_estimate import estimate_memory
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS, VARIANTS

Files = dict[str, bytes]
STEP = "step-0000002"


def made(store: RunStore, name: str = "points") -> tuple[Run, Trainer]:
    """A run of two steps with all that a run can have, and the trainer as it stands."""
    config = VARIANTS[name]
    run, trainer = store.create(config, name="to send"), Trainer(config, "cpu")
    for _ in range(2):
        trainer.step()
    run.append_metrics([[step] * 10 for step in (1, 2)])
    look = Observer(trainer).sample_view(trainer)
    run.write_frame(2, look.samples, look.plane)
    run.save(trainer, keep=3)
    run.write_metadata(Metadata.of("to send", ["tag"], "notes"))
    return run, trainer


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files in the zip of a run of points."""
    run, _ = made(RunStore(tmp_path_factory.mktemp("sender")))
    with zipfile.ZipFile(pack(run)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    (tmp_path / "receiver").mkdir()
    return RunStore(tmp_path / "receiver")


def zipped(files: Files) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


def changed(files: Files, ending: str, change: Callable[[bytes], bytes]) -> Files:
    assert any(name.endswith(ending) for name in files)
    return {name: change(content) if name.endswith(ending) else content for name, content in files.items()}


def refused(source: io.BytesIO, store: RunStore, told: str) -> None:
    """It is one sentence, and nothing is left behind: not in the library, not beside it."""
    with pytest.raises(RunError, match=told) as caught:
        unpack(source, store)
    assert str(caught.value).startswith("This file was not imported: ")
    assert "\n" not in str(caught.value)
    assert list(store.root.iterdir()) == []
    assert list(store.root.parent.iterdir()) == [store.root]


# ---- there and back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["points", "momentum and decay", "conditional digits", "local pairs"])
def test_an_imported_run_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    run, trainer = made(RunStore(tmp_path / "a"), name)
    twin = unpack(io.BytesIO(pack(run).read()), RunStore(tmp_path / "b"))
    again = twin.trainer("cpu")
    for _ in range(3):
        assert again.step().values.tolist() == trainer.step().values.tolist()
    assert twin.id == run.id
    assert (twin.metadata(), twin.metrics(), twin.frames()) == (run.metadata(), run.metrics(), run.frames())
    assert np.array_equal(getattr(twin.frame(2), "fakes", twin.frame(2)), getattr(run.frame(2), "fakes", run.frame(2)))


def test_nothing_in_the_zip_is_a_pickle_even_of_an_old_run(tmp_path: Path) -> None:
    run, trainer = made(RunStore(tmp_path / "a"))
    folder = run.path / STEP
    torch.save(checkpoint.read_state(folder), folder / "state.pt")
    (folder / "state.json").unlink()
    (folder / "state.safetensors").unlink()
    packed = pack(run)
    names = {name.partition("/")[2] for name in zipfile.ZipFile(packed).namelist()}
    assert {f"{STEP}/state.json", f"{STEP}/state.safetensors", "about.json"} < names
    assert not [name for name in names if name.endswith((".pt", ".pkl"))]
    twin = unpack(packed, RunStore(tmp_path / "b"))
    assert twin.trainer("cpu").step().values.tolist() == trainer.step().values.tolist()


def test_only_the_runs_own_files_are_packed(tmp_path: Path) -> None:
    run, _ = made(RunStore(tmp_path))
    (run.path / "diary.txt").write_text("private")
    (run.path / ".in-use").write_text("")
    assert not [name for name in zipfile.ZipFile(pack(run)).namelist() if "diary" in name or "in-use" in name]


def test_a_run_that_is_there_already_comes_in_beside_it(store: RunStore, whole: Files) -> None:
    first, second = unpack(zipped(whole), store), unpack(zipped(whole), store)
    assert first.id != second.id
    assert {told.name for told in store.list()} == {"to send"}
    store.trash(first.id)
    assert unpack(zipped(whole), store).id != first.id  # so that the other can be restored


def test_a_run_made_on_another_kind_of_device_opens_and_draws_anew(store: RunStore, whole: Files) -> None:
    def from_cuda(content: bytes) -> bytes:
        tensors = load_tensors(content)
        return save_tensors(
            {key: torch.zeros(16, dtype=torch.uint8) if key == "random.noise_d" else x for key, x in tensors.items()}
        )

    run = unpack(zipped(changed(whole, "state.safetensors", from_cuda)), store)
    assert run.trainer("cpu").step().values.isfinite().all()


def test_a_run_of_a_shipped_ones_name_comes_in_under_another(store: RunStore, whole: Files) -> None:
    """Else the two would be taken for each other."""
    renamed = {f"digits/{name.partition('/')[2]}": content for name, content in whole.items()}
    assert unpack(zipped(renamed), store).id != "digits"


def test_a_shipped_run_which_keeps_weights_alone_is_not_packed() -> None:
    with pytest.raises(RunError, match="holds only weights"):
        pack(shipped.SHIPPED.open("digits"))


def test_a_full_library_takes_no_import(store: RunStore, whole: Files) -> None:
    store.limit = 1000
    with pytest.raises(RunError, match="raise the limit"):
        unpack(zipped(whole), store)
    assert store.list() == []


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_bytes_that_are_no_zip_are_refused(store: RunStore, whole: Files) -> None:
    refused(io.BytesIO(b"no zip"), store, "damaged or not a zip file")
    refused(io.BytesIO(zipped(whole).read()[:-100]), store, "damaged or not a zip file")
    torn = bytearray(zipped(whole).read())
    torn[len(torn) // 3] ^= 255
    refused(io.BytesIO(bytes(torn)), store, "not imported")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../evil.json", "leads out of it"),
        ("run/../../config.json", "leads out of it"),
        ("/etc/cron.d/evil", "leads out of it"),
        ("..\\evil.json", "leads out of it"),
        ("C:/evil.json", "leads out of it"),
        ("run/evil.py", "is not a file of a run"),
        ("run/step-0000002/state.pt", "is not a file of a run"),
        ("run/step-0000002/generator.pkl", "is not a file of a run"),
        ("run/step-0000002/deeper/generator.safetensors", "is not a file of a run"),
        ("run/samples/step-0000001.svg", "is not a file of a run"),
        ("run/.in-use", "is not a file of a run"),
        ("other/config.json", "twice"),
        ("other/best.json", "more than one run"),
    ],
)
def test_only_the_files_of_one_run_come_in(store: RunStore, whole: Files, name: str, told: str) -> None:
    refused(zipped(whole | {name: b"{}"}), store, told)


def test_a_link_is_refused(store: RunStore, whole: Files) -> None:
    buffer = zipped(whole)
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("run/best.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    refused(buffer, store, "is a link")


def test_a_zip_bomb_is_refused_unread(store: RunStore, whole: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(whole | {f"{next(iter(whole)).split('/')[0]}/metrics.csv": bytes(200_000_000)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: pytest.fail("read before it was checked"))
    refused(bomb, store, r"would unpack to 0\.2 GB")


def test_a_zip_of_too_many_or_too_large_files_is_refused(
    store: RunStore, whole: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_checks, "MAX_FILES", 5)
    refused(zipped(whole), store, "over 5 files")
    monkeypatch.undo()
    refused(zipped(changed(whole, "config.json", lambda content: content + b" " * 2_000_000)), store, "unpack to 2 MB")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _: b"{", "config.json is not valid: This is not a config"),
        (lambda _: b"\xff\xfe", "config.json is not valid"),
        (lambda _: b"[" * 100_000, "config.json is not valid"),
        (lambda text: text.replace(b'"seed": 0', b'"seed": -1'), "config.json is not valid: seed: -1"),
        (lambda text: text.replace(b'"seed"', b'"sead"'), "config.json is not valid"),
    ],
)
def test_a_config_that_is_none_is_refused(
    store: RunStore, whole: Files, change: Callable[[bytes], bytes], told: str
) -> None:
    refused(zipped(changed(whole, "config.json", change)), store, told)


def test_a_zip_without_a_config_is_no_run(store: RunStore, whole: Files) -> None:
    refused(zipped({name: x for name, x in whole.items() if "config" not in name}), store, "holds no config.json")


def test_a_run_too_large_for_this_machine_is_refused_by_its_config(store: RunStore, whole: Files) -> None:
    huge = POINTS.with_values(
        {"generator.hidden": (8192,) * 8, "discriminator.hidden": (8192,) * 8, "batch_size": 8192}
    )
    fits = import_checks.free_bytes() > estimate_memory(huge)
    told = "do not have the shapes" if fits else "GB of memory"
    refused(zipped(changed(whole, "config.json", lambda text: huge.to_json().encode())), store, told)


def rewritten(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[bytes], bytes]:
    """The same safetensors file with its tensors changed in place."""

    def apply(content: bytes) -> bytes:
        tensors = load_tensors(content)
        change(tensors)
        return save_tensors(tensors)

    return apply


def _first(tensors: dict[str, torch.Tensor]) -> str:
    return next(name for name, x in tensors.items() if x.is_floating_point() and x.numel() > 1)


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("generator.safetensors", lambda t: t.update({_first(t): torch.zeros(3, 3)}), "do not have the shapes"),
        ("discriminator.safetensors", lambda t: t.pop(_first(t)), "do not have the shapes"),
        ("ema.safetensors", lambda t: t.update({_first(t): t[_first(t)].double()}), "do not have the shapes"),
        ("generator.safetensors", lambda t: t[_first(t)].view(-1)[:1].fill_(torch.nan), "hold NaN or infinity"),
        ("discriminator.safetensors", lambda t: t[_first(t)].view(-1)[:1].fill_(torch.inf), "hold NaN or infinity"),
        ("state.safetensors", lambda t: t.pop(_first(t)), "cannot be opened"),
        ("state.safetensors", lambda t: t.update({"random.order": torch.zeros(9).byte()}), "cannot be opened"),
        ("state.safetensors", lambda t: t.update({"random.order": torch.full((5056,), 255).byte()}), "cannot be op"),
        ("state.safetensors", lambda t: t.update({"optimizer_g.state.0.exp_avg": torch.zeros(1)}), "optimisers' state"),
        ("state.safetensors", lambda t: t["optimizer_d.state.0.exp_avg"].fill_(torch.nan), "optimisers' state"),
        ("samples/step-0000002.safetensors", lambda t: t.pop("fakes"), "not a picture of samples"),
        ("samples/step-0000002.safetensors", lambda t: t.update(fakes=torch.zeros(7, 3)), "not a picture of samples"),
    ],
)
def test_tensors_of_other_shapes_and_values_that_are_no_numbers_are_refused(
    store: RunStore, whole: Files, file: str, change: Callable[[dict[str, torch.Tensor]], object], told: str
) -> None:
    refused(zipped(changed(whole, file, rewritten(change))), store, told)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04\x95pickle",
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 40_000_000) + b" " * 200,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 8) + b'{"a": 1}',
        struct.pack("<Q", 63) + b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 999]}}',
        struct.pack("<Q", 62) + b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [-4, 0]}}',
    ],
)
def test_a_header_that_lies_is_refused_before_it_is_believed(store: RunStore, whole: Files, content: bytes) -> None:
    refused(zipped(changed(whole, "generator.safetensors", lambda _: content)), store, "is not a safetensors file")


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.replace('["steps", 2]', '["steps", 3]'),
        lambda state: state.replace('["position", 32]', '["position", 999999999999]'),
        lambda state: state.replace('["position", 32]', '["position", -1]'),
        lambda state: state.replace('"tensor"', '"code"'),
        lambda state: state.replace('["lr", ', '["le", '),
        lambda state: "[]",
        lambda state: "{",
        lambda state: '{"dict": []}',
        lambda state: '{"tuple": ' * 5000 + "1" + "}" * 5000,
    ],
)
def test_a_state_that_no_trainer_wrote_is_refused(store: RunStore, whole: Files, change: Callable[[str], str]) -> None:
    files = changed(whole, "state.json", lambda content: change(content.decode()).encode())
    assert files != whole
    refused(zipped(files), store, "cannot be opened|optimisers' state")


def test_pictures_must_be_as_large_as_their_samples(store: RunStore, tmp_path: Path) -> None:
    run, _ = made(RunStore(tmp_path / "a"), "digits")
    with zipfile.ZipFile(pack(run)) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    shutil.rmtree(tmp_path / "a")

    def picture(width: int, height: int, mode: str = "L", kind: str = "PNG") -> bytes:
        buffer = io.BytesIO()
        Image.new(mode, (width, height)).save(buffer, kind)
        return buffer.getvalue()

    side = DIGITS.shape[-1]
    for content in (picture(20_000, 9_000), picture(8 * side, 3), picture(8 * side, 2 * side, "RGB")):
        refused(zipped(changed(whole, ".png", lambda _, new=content: new)), store, "does not fit its samples")
    for content in (picture(8 * side, 2 * side, kind="GIF"), b"", b"\x89PNG\r\n\x1a\n"):
        refused(zipped(changed(whole, ".png", lambda _, new=content: new)), store, "is not a PNG picture")
    assert unpack(zipped(whole), store).frames() == [2]


def test_text_that_was_tampered_with_comes_in_as_far_as_it_makes_sense(store: RunStore, whole: Files) -> None:
    top = next(iter(whole)).split("/")[0]
    events = b'{"kind": "changed", "step": 1}\n{"kind": "forked", "step": 1, "text": "<b>x", "parent": 7}\nrubbish\n'
    odd = {
        f"{top}/events.jsonl": events,
        f"{top}/glances.jsonl": b'{"step": "x", "spread": [], "nearest": {}}\n',
        f"{top}/evals.csv": b"step,js\nx,y\n",
        f"{top}/best.json": b'{"step": "../..", "metric": [], "value": {}}',
        f"{top}/about.json": json.dumps({"name": "<script>alert(1)</script>", "tags": "x"}).encode(),
        f"{top}/metrics.csv": b"step\nnonsense,\x00\n",
    }
    run = unpack(zipped(whole | odd), store)
    (told,) = store.list()
    assert (told.name, told.tags, told.parent) == ("<script>alert(1)</script>", (), "7")
    assert (run.sample_stats(), run.evaluations(), run.best(), run.metrics()) == ([], [], None, [])
