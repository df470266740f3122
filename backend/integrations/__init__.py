"""What other projects keep in clusters, read in their own formats."""
