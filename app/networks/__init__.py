"""Network files and engines: fetched, checked, built, and told of."""
