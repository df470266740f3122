"""Who may do what: a cluster's RBAC objects evaluated as its API server does, and its own access reviews."""
