from __future__ import annotations

from collections.abc import Iterator

import pytest

from gan_core import data


@pytest.fixture(autouse=True)
def no_data_in_memory() -> Iterator[None]:
    data.forget()
    yield
    data.forget()
