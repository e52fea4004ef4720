"""How a language and a Salesforce field are spelled, for all who take them from outside."""

from __future__ import annotations

import re

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
"""The API name of a field, of a related object's field, or of a package's."""

LANGUAGE = re.compile(r"(?:[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2})?")
"""A code such as en-US, or nothing."""
