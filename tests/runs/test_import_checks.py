"""A zip file that is not an exported run is refused in one sentence, and no file of it remains."""

from __future__ import annotations

import io
import json
import re
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest
import torch
from PIL import Image

from gan_core.runs import RunError, RunStore, import_checks, pack, unpack
from gan_core.training.memory_estimate import memory_shortage
from tests.support.pictures import encoded
from tests.support.saved_run import Files, changed, saved_run, unzipped, with_tensors, zipped
from tests.support.small import DIGITS, POINTS


def refused(source: io.BytesIO, store: RunStore, reason: str) -> None:
    with pytest.raises(RunError, match=reason) as caught:
        unpack(source, store)
    assert str(caught.value).startswith("This file was not imported: ")
    assert "\n" not in str(caught.value)
    assert list(store.root.iterdir()) == []
    assert list(store.root.parent.iterdir()) == [store.root]


def test_bytes_that_are_not_a_zip_are_refused(store: RunStore, whole: Files) -> None:
    refused(io.BytesIO(b"no zip"), store, "damaged or not a zip file")
    refused(io.BytesIO(zipped(whole).read()[:-100]), store, "damaged or not a zip file")
    torn = bytearray(zipped(whole).read())
    torn[len(torn) // 3] ^= 255
    refused(io.BytesIO(bytes(torn)), store, "not imported")


@pytest.mark.parametrize(
    ("name", "reason"),
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
def test_only_the_files_of_one_run_are_imported(store: RunStore, whole: Files, name: str, reason: str) -> None:
    refused(zipped(whole | {name: b"{}"}), store, reason)


def test_a_link_is_refused(store: RunStore, whole: Files) -> None:
    buffer = zipped(whole)
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("run/best.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    refused(buffer, store, "is a link")


def test_a_zip_bomb_is_refused_before_unpacking(store: RunStore, whole: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(whole | {f"{next(iter(whole)).split('/')[0]}/metrics.csv": bytes(200_000_000)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: pytest.fail("read before it was checked"))
    refused(bomb, store, r"would unpack to \d+ MB")


def test_a_zip_of_too_many_or_too_large_files_is_refused(
    store: RunStore, whole: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_checks, "MAX_FILES", 5)
    refused(zipped(whole), store, "over 5 files")
    monkeypatch.undo()
    refused(zipped(changed(whole, "config.json", lambda content: content + b" " * 2_000_000)), store, "unpack to 2 MB")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: b"{", "config.json is not valid: This is not a config"),
        (lambda _: b"\xff\xfe", "config.json is not valid"),
        (lambda _: b"[" * 100_000, "config.json is not valid"),
        (lambda text: text.replace(b'"seed": 0', b'"seed": -1'), "config.json is not valid: seed: -1"),
        (lambda text: text.replace(b'"seed"', b'"sead"'), "config.json is not valid"),
    ],
)
def test_an_invalid_config_is_refused(
    store: RunStore, whole: Files, change: Callable[[bytes], bytes], reason: str
) -> None:
    refused(zipped(changed(whole, "config.json", change)), store, reason)


def test_a_zip_without_a_config_is_refused(store: RunStore, whole: Files) -> None:
    refused(zipped({name: x for name, x in whole.items() if "config" not in name}), store, "holds no config.json")


def test_a_run_too_large_for_this_machine_is_refused_by_its_config(store: RunStore, whole: Files) -> None:
    huge = POINTS.with_values(
        {"generator.hidden": (8192,) * 8, "discriminator.hidden": (8192,) * 8, "batch_size": 8192}
    )
    fits = not memory_shortage(huge)
    reason = "do not have the shapes" if fits else "GB of memory"
    refused(zipped(changed(whole, "config.json", lambda text: huge.to_json().encode())), store, reason)


def _first(tensors: dict[str, torch.Tensor]) -> str:
    return next(name for name, x in tensors.items() if x.is_floating_point() and x.numel() > 1)


@pytest.mark.parametrize(
    ("file", "change", "reason"),
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
def test_tensors_of_wrong_shape_or_with_nan_are_refused(
    store: RunStore, whole: Files, file: str, change: Callable[[dict[str, torch.Tensor]], object], reason: str
) -> None:
    refused(zipped(changed(whole, file, with_tensors(change))), store, reason)


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
def test_a_false_safetensors_header_is_refused(store: RunStore, whole: Files, content: bytes) -> None:
    refused(zipped(changed(whole, "generator.safetensors", lambda _: content)), store, "is not a safetensors file")


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.replace('["steps", 2]', '["steps", 3]'),
        lambda state: state.replace('["position", 32]', '["position", 999999999999]'),
        lambda state: state.replace('["position", 32]', '["position", -1]'),
        lambda state: state.replace('"tensor"', '"code"'),
        lambda state: state.replace('["lr", ', '["le", '),
        lambda state: state.replace('["amsgrad", false]', '["amsgrad", true]'),
        lambda state: state.replace('["maximize", false]', '["maximize", true]', 1),
        lambda state: state.replace('["maximize", false]', '["maximize", {"tensor": "optimizer_d.state.0.exp_avg"}]'),
        lambda state: state.replace('["params", [0, 1', '["params", [1, 0'),
        lambda state: re.sub(r'\["images", \d+\]', f'["images", {"9" * 400}]', state),
        lambda state: re.sub(r'\["images", \d+\]', '["images", -8]', state),
        lambda state: re.sub(r'\["images", \d+\]', '["images", "8"]', state),
        lambda state: "[]",
        lambda state: "{",
        lambda state: '{"dict": []}',
        lambda state: '{"tuple": ' * 5000 + "1" + "}" * 5000,
    ],
)
def test_a_state_that_no_trainer_wrote_is_refused_at_import_and_at_resume(
    store: RunStore, whole: Files, change: Callable[[str], str]
) -> None:
    files = changed(whole, "state.json", lambda content: change(content.decode()).encode())
    assert files != whole
    refused(zipped(files), store, "cannot be opened")
    run = unpack(zipped(whole), store)
    for name, content in files.items():
        (run.path / name.partition("/")[2]).write_bytes(content)
    with pytest.raises(RunError, match=r"these are damaged: step 2|have changed"):
        run.trainer("cpu")


def test_pictures_must_have_the_size_of_their_samples(store: RunStore) -> None:
    whole = unzipped(pack(saved_run(store, DIGITS)[0]).read())
    shutil.rmtree(store.root)
    store.root.mkdir()

    def picture(width: int, height: int, mode: str = "L", kind: str = "PNG") -> bytes:
        return encoded(Image.new(mode, (width, height)), kind)

    side = DIGITS.shape[-1]
    for content in (picture(20_000, 9_000), picture(8 * side, 3), picture(8 * side, 2 * side, "RGB")):
        refused(zipped(changed(whole, ".png", lambda _, new=content: new)), store, "does not fit its samples")
    for content in (picture(8 * side, 2 * side, kind="GIF"), b"", b"\x89PNG\r\n\x1a\n"):
        refused(zipped(changed(whole, ".png", lambda _, new=content: new)), store, "is not a PNG picture")
    assert unpack(zipped(whole), store).frames() == [2]


def test_only_short_names_of_finite_directions_are_imported(store: RunStore, whole: Files) -> None:
    good = {"name": "slant", "kind": "pca", "vector": [1.0, 0]}
    lists = (
        {"a": 1},
        [7],
        [{"name": "slant"}],
        [good | {"name": "x" * 41}],
        [good | {"kind": 3}],
        [good | {"vector": [float("nan"), 0.0]}],
        [good | {"vector": [10**400, 0.0]}],
        [good | {"vector": [True, [0.0]]}],
        [[good]],
    )
    for content in (b"[" * 100_000, *(json.dumps(entries).encode() for entries in lists)):
        hostile = {next(iter(whole)).split("/")[0] + "/directions.json": content}
        refused(zipped(whole | hostile), store, "a value that no run has: directions.json: ")
