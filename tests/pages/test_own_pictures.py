"""People's own pictures on the Train page, without a browser: what is shown about them, and their deletion."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.runs import RunStore
from gan_core.runs.uploads import UploadStore
from tests.support.app_page import button, labels, texts, widget
from tests.support.pictures import BLUE, RED, encoded, plain
from tests.support.waiting import until
from tests.ui.test_health import seen, watched


@pytest.fixture
def uploads(tmp_path: Path) -> UploadStore:
    return UploadStore(RunStore(tmp_path))


def upload(uploads: UploadStore, files: dict[str, bytes], name: str = "holiday") -> str:
    for file, content in files.items():
        with uploads.receive("a" * 16, file, 0) as received:
            received.write(content)
    return str(uploads.finish("a" * 16, name).path)


def noise(number: int, size: tuple[int, int] = (80, 60)) -> bytes:
    return encoded(Image.effect_noise(size, 20 + number).convert("RGB"))


def asked(train: AppTest) -> AppTest:
    """The page after a click on "Use your own pictures"."""
    button(seen(train.run()), "Use your own pictures").click()
    return seen(train.run())


def chosen(train: AppTest, name: str = "holiday") -> AppTest:
    button(asked(train), f"**{name}**").click()
    return seen(train.run())


def warnings(app: AppTest) -> str:
    return "\n".join(warning.value for warning in app.warning)


def test_without_pictures_there_is_only_a_place_to_drop_them(train: AppTest) -> None:
    app = asked(train)
    assert [each for each in app.get("bidi_component") if "drop" in str(each.proto.id)]
    assert button(app, "Start").disabled
    assert "Other pictures" not in labels(app)
    assert not app.error


def test_earlier_pictures_are_listed_and_used_with_one_click(train: AppTest, uploads: UploadStore) -> None:
    path = upload(uploads, {f"{i}.png": noise(i) for i in range(12)})
    app = chosen(train)
    assert app.session_state.draft.data.path == path
    assert app.session_state.draft.data.size == 64
    assert app.session_state.draft.data.channels == 3
    assert app.session_state.draft.max_steps
    assert "**12 pictures**" in texts(app)
    assert "80×60 pixels" in texts(app)
    assert "12 pictures are few" in warnings(app)
    assert "Augmentation is on" in warnings(app)
    assert not button(app, "Start").disabled


def test_small_grey_pictures_are_trained_small_and_grey(train: AppTest, uploads: UploadStore) -> None:
    upload(uploads, {f"{i}.png": encoded(plain(20 * i, (40, 40), "L")) for i in range(12)})
    data = chosen(train).session_state.draft.data
    assert (data.size, data.channels) == (32, 1)


def test_500_pictures_are_not_few(train: AppTest, uploads: UploadStore) -> None:
    upload(uploads, {f"{i}.png": encoded(plain((i % 256, i // 256, 90), (16, 16))) for i in range(500)})
    assert "are few" not in warnings(chosen(train))


def test_what_was_left_out_is_named_with_its_reason(train: AppTest, uploads: UploadStore) -> None:
    good = {f"{i}.png": noise(i) for i in range(12)}
    upload(uploads, {**good, "copy.png": good["3.png"], "broken.jpg": b"\xff\xd8\xff broken", "notes.txt": b"hello"})
    app = chosen(train)
    assert "**12 pictures**" in texts(app)
    (left_out,) = (each for each in app.expander if each.label.endswith("left out"))
    assert left_out.label == "3 files left out"
    listed = "\n".join(text.value for text in left_out.text)
    for name in ("copy.png", "broken.jpg", "notes.txt"):
        assert name in listed


def test_only_broken_files_are_one_plain_error(train: AppTest, uploads: UploadStore) -> None:
    upload(uploads, {"a.jpg": b"\xff\xd8\xff broken", "b.txt": b"hello"})
    app = chosen(train)
    assert [error.value for error in app.error] == ["None of these files can be used as a picture."]
    assert not app.exception


def test_a_path_that_leads_nowhere_is_one_plain_error(train: AppTest, tmp_path: Path) -> None:
    app = asked(train)
    app.text_input(key="own path").set_value(str(tmp_path / "missing"))
    app = seen(app.run())
    (error,) = (error.value for error in app.error)
    assert "There is no folder or file" in error


def test_a_folder_of_this_machine_is_used_where_it_is(train: AppTest, tmp_path: Path) -> None:
    own = tmp_path / "elsewhere"
    own.mkdir()
    for i in range(12):
        (own / f"{i}.png").write_bytes(noise(i))
    app = asked(train)
    app.text_input(key="own path").set_value(f" {own} ")
    app = seen(app.run())
    assert app.session_state.draft.data.path == str(own)
    assert "**12 pictures**" in texts(app)


def test_the_choices_show_what_matters_for_the_pictures(train: AppTest, uploads: UploadStore) -> None:
    upload(uploads, {f"{i}.png": noise(i) for i in range(12)})
    upload(uploads, {f"{i}.png": noise(i, (64, 64)) for i in range(12)}, "square")
    app = chosen(train)
    widget(app, "segmented_control", "own/data.fit").set_value("pad")
    app = seen(app.run())
    assert app.session_state.draft.data.fit == "pad"
    assert widget(app, "segmented_control", "own/data.ground").value == "auto"
    widget(app, "segmented_control", "own/data.size").set_value(32)
    app = seen(app.run())
    assert app.session_state.draft.data.size == 32
    assert app.session_state.draft.generator.depth == 3
    button(app, "Other pictures").click()
    button(seen(app.run()), "**square**").click()
    app = seen(app.run())
    assert not [each for each in app.segmented_control if each.key and each.key.startswith("own/data.fit")]


def test_folders_are_classes_that_a_run_may_be_trained_by(train: AppTest, uploads: UploadStore) -> None:
    upload(uploads, {f"{name}/{i}.png": noise(i + shift) for name, shift in (("cat", 0), ("dog", 9)) for i in range(9)})
    upload(uploads, {f"{i}.png": noise(i) for i in range(12)}, "no classes")
    app = chosen(train)
    assert "in 2 classes" in texts(app)
    assert "cat 9, dog 9" in texts(app)
    assert app.session_state.draft.classes == ()
    widget(app, "toggle", "own/by class").set_value(True)
    app = seen(app.run())
    assert app.session_state.draft.classes == ("cat", "dog")
    button(app, "Other pictures").click()
    button(seen(app.run()), "**no classes**").click()
    assert seen(app.run()).session_state.draft.condition.name == "none"


def test_deletion_asks_first_and_can_be_undone(train: AppTest, uploads: UploadStore) -> None:
    upload(uploads, {"red.png": encoded(plain(RED)), "blue.png": encoded(plain(BLUE))})
    app = asked(train)
    assert "Delete 2 files?" in texts(app)
    button(app, "Delete holiday").click()
    app = seen(app.run())
    assert uploads.list() == []
    button(app, "Undo").click()
    app = seen(app.run())
    assert [kept.name for kept in uploads.list()] == ["holiday"]


def test_pictures_of_a_training_run_are_not_deleted(train: AppTest, uploads: UploadStore) -> None:
    upload(uploads, {f"{i}.png": noise(i) for i in range(40)})
    app = chosen(train)
    button(app, "Start").click()
    app = seen(app.run())
    session = watched(app)
    until(lambda: session.snapshot().step)
    button(app, "Other pictures").click()
    app = seen(app.run())
    assert "1 run trained on them" in texts(app)
    button(app, "Delete holiday").click()
    app = seen(app.run())
    assert [kept.name for kept in uploads.list()] == ["holiday"]
    assert "Stop it first" in "\n".join(error.value for error in app.error)
    session.stop()
    assert session.wait(60)
