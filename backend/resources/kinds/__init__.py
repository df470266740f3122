"""One file per kind, each exporting ``KIND``; found by scanning this folder, so adding a kind is one file."""
