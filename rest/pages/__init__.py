"""Templates of the pages about the interfaces."""
