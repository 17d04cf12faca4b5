"""The schema of the record, step by step, on SQLite and PostgreSQL."""
