"""Subscriptions, and the worker that calls them back."""
