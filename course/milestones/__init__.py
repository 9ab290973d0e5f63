"""What the parts of a unit do together: one network, trained and measured, a unit."""
