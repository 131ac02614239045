"""What people look like when they are painted, on any surface."""
