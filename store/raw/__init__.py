"""Raw events: what was recorded, as it stood there, without its secrets, and where it stood."""

from store.raw.event import StoredEvent
from store.raw.files import files_of
from store.raw.ingest import Ingested, ingest
from store.raw.store import RawStore

__all__ = ["Ingested", "RawStore", "StoredEvent", "files_of", "ingest"]
