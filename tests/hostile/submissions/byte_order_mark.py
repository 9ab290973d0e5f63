"""Right, with a byte order mark and Windows line ends."""

### THE REFERENCE
