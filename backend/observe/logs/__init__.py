"""Logs of many containers of many clusters as one stream: nothing is lost silently."""
