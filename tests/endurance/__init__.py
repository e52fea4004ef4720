"""Minutes of real processes, files and clocks, with everything going wrong that can: see `scripts/endure --help`."""
