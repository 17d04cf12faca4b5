"""Copies of a record: backup and restore."""
