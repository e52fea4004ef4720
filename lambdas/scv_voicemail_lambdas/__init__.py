"""The Lambda handlers: each reads its event, makes one call, and reports what failed."""
