"""What was booked: open the store, read it, book a run exactly once, chained by hash."""

from disburse.store.booking import Booking, Consult, Head, Opening, Receipt, Signatures
from disburse.store.ledger import Store
from disburse.store.opening import open_store

__all__ = ["Booking", "Consult", "Head", "Opening", "Receipt", "Signatures", "Store", "open_store"]
