"""The only code that knows SQLAlchemy.

Domain values go in and come out; nothing tied to a connection leaves. Every write is one transaction that records
what it did before it commits, and instants are the database's, never the desk's.
"""

from reviewer.storage.postgresql import Address
from reviewer.storage.store import Store, Transaction

__all__ = ["Address", "Store", "Transaction"]
