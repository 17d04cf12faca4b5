"""Following the record: the feed of changes, waiting for it, and its forms."""
