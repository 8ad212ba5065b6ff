"""A trainer on a thread: commands in, snapshots out."""

from gan_core.session.saved_snapshot import at_rest
from gan_core.session.session import Session
from gan_core.session.snapshot import Snapshot

__all__ = ["Session", "Snapshot", "at_rest"]
