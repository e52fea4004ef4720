"""Where a transcript comes from when none was supplied: one provider per file."""
