"""The annotated document: an article with its attributed quotes and numeric claims."""
