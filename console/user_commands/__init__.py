"""Programs of a person's own, called with the fields of an object: argument lists, never a shell's text."""
