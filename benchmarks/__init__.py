"""labkit beside its peers: one script a question, measured interleaved in one run."""
