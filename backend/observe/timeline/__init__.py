"""What happened to one object and what it depends on: events beside changes, and what may be related."""
