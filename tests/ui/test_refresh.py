"""The more tabs are open, the longer the interval between two refreshes of each."""

from __future__ import annotations

from ui import refresh


def test_the_number_of_refreshes_per_second_is_bounded() -> None:
    rates = [tabs / refresh.interval_for(tabs) for tabs in (2, 5, 20, 100)]
    assert max(rates) - min(rates) < 1e-9
    assert rates[0] < 2 / refresh.ALONE == 2 / refresh.interval_for(1)


def test_a_tab_without_refreshes_counts_as_closed() -> None:
    tabs = refresh.Tabs()
    assert [tabs.refreshed(name, 0.4, now=0) for name in "abc"] == [1, 2, 3]
    assert tabs.refreshed("a", 0.4, now=2) == 3
    assert tabs.refreshed("a", 0.4, now=2.3) == 1


def test_a_tab_with_a_long_interval_counts_as_open() -> None:
    tabs = refresh.Tabs()
    tabs.refreshed("slow", 6, now=0)
    assert tabs.refreshed("a", 0.4, now=15) == 2
