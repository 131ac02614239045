"""A live source watched: cameras, what is seen of them, and recording it."""
