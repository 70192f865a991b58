"""One file per revision, `rNNNN_what_changes.py`."""
