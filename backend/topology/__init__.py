"""Objects as a graph: what belongs together, what falls if one goes. Usable without a screen."""
