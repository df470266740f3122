"""Many clusters at once: who is in the fleet, what to show of it, and tables that merge their rows."""
