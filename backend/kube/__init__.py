"""ONE cluster: kubeconfig, credentials, transport, REST verbs, discovery, list and watch, streams."""
