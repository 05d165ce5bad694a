"""Templates of the documentation pages."""
