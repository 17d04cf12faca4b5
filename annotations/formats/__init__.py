"""Annotated documents as other tools have them: standoff marks and links, read and written."""
