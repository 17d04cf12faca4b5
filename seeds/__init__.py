"""The annotated documents that ship; a package, so that `importlib.resources` names one folder for them."""
