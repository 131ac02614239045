"""What `kinetrail doctor` looks at. Each check is one small function that returns one `Finding`."""
