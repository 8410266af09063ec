"""Commands, by group: thin wrappers around functions of the package, which they import when they are called."""
