"""The tables of the record, one noun a file."""
