"""Writing over HTTP: bodies, conditions, and what is written."""
