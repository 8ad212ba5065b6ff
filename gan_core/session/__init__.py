"""Training on a background thread: a `Session` takes commands and publishes snapshots."""

from gan_core.session.saved_snapshot import saved_snapshot
from gan_core.session.session import Session
from gan_core.session.snapshot import Snapshot

__all__ = ["Session", "Snapshot", "saved_snapshot"]
