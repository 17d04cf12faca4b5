"""Who may do what, how often, and what is told of it."""
