"""Keeps secrets and personal data out of logs: tokens, keys, phone numbers, recording links."""
