"""What clusters say of themselves while they work: the logs of their containers, their events, their use."""
