"""What lies on disks: finding volumes again from their replicas alone."""
