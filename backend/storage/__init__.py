"""Storage engines: pools, volumes and replicas of any of them, through one adapter each.

`system.StorageSystem` is the seam. Navarch's own block engine is reached through its control API;
it runs as processes of its own (`python -m blockengine …`), which `local` starts.
"""
