"""One changed value in one file of a library gives a public error or none, in every reader and on every page.

A few hundred cases; `python -m benchmarks.fuzz --cases 20000` tries many more.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some

from tests.support.chance import cases
from tests.support.one_change import Library, one_change
from ui import server


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    found = Library(tmp_path_factory.mktemp("one-change"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "RUNS", found.store.root)
        yield found
        server.pool().close()
        st.cache_resource.clear()


@cases(150, 3000)
@given(data=some.data())
def test_one_changed_value_breaks_no_reader(data: some.DataObject, library: Library) -> None:
    with library.changed(*data.draw(one_change(library.files))):
        library.read()


@cases(100, 2000)
@given(data=some.data())
def test_one_changed_value_breaks_no_import(data: some.DataObject, library: Library) -> None:
    library.send(*data.draw(one_change(library.zipped)))


@cases(30, 500)
@given(data=some.data())
def test_one_changed_value_breaks_no_resume(data: some.DataObject, library: Library) -> None:
    checkpoint = {name: content for name, content in library.files.items() if "/step-" in name}
    with library.changed(*data.draw(one_change(checkpoint))):
        library.resume()


@cases(3, 60)
@given(data=some.data())
def test_one_changed_value_breaks_no_page(data: some.DataObject, library: Library) -> None:
    with library.changed(*data.draw(one_change(library.files))):
        library.show()
