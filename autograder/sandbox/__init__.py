"""The untrusted side: what runs next to a submission. It holds nothing secret."""
