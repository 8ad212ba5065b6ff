"""Looking stays nearly free: the more tabs are open, the less often each looks."""

from __future__ import annotations

from ui import refresh


def test_a_tab_alone_looks_as_often_as_it_may() -> None:
    assert refresh.of(1) == refresh.ALONE


def test_all_tabs_together_look_no_more_often_than_a_few() -> None:
    looks = [tabs / refresh.of(tabs) for tabs in (2, 5, 20, 100)]
    assert max(looks) - min(looks) < 1e-9
    assert looks[0] < 2 / refresh.ALONE


def test_a_tab_that_stops_looking_counts_as_closed() -> None:
    tabs = refresh.Tabs()
    assert [tabs.seen(name, 0.4, now=0) for name in "abc"] == [1, 2, 3]
    assert tabs.seen("a", 0.4, now=2) == 3
    assert tabs.seen("a", 0.4, now=2.3) == 1


def test_a_tab_that_looks_seldom_is_not_taken_for_closed() -> None:
    tabs = refresh.Tabs()
    tabs.seen("slow", 6, now=0)
    assert tabs.seen("a", 0.4, now=15) == 2
