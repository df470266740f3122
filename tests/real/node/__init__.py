"""A real node for a real cluster: kubelet, containerd, runc and CNI plugins, in a sandbox of their own."""
