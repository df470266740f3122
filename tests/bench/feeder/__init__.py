"""Many API servers in one process, light enough to be no bottleneck: the load of benches and soaks.

The demo fleet keeps whole worlds with controllers; a hundred of them would measure themselves. A feeder
serves lists (paged, compressed) and watches (bookmarks, a finite history) of pods over TLS, changes pods at a
given rate, and misbehaves on command.
"""
