"""What maintainers use: stubs, proofs of the checks, scaffolds."""
