"""The `layerwise` command, and the same in notebooks."""
