"""Events of the whole fleet: graded, grouped, kept beyond the server's hour, set beside what changed."""
