"""The commands of `onrecord`, a module for each thing that people do with the record."""
