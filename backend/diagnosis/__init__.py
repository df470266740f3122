"""Why does it not work here? The doctor's checks, and what a person may send to somebody who helps."""
