"""The versions of what is on record, and what differs between them."""
