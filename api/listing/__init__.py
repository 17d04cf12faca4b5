"""The list engine: one grammar for all resources. It names no resource."""
