"""The local Cloud Storage: a small server of its own process that speaks the JSON API.

Holds buckets and objects under the engine's home (SQLite index, one file an object) for the
official clients on this machine. It never checks who asks, never keeps old versions, and never
builds a path from a name.
"""

from core.engine.emulator.process import Emulator

__all__ = ["Emulator"]
