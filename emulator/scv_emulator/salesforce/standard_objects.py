"""The schema of an org before anything is deployed to it."""

from __future__ import annotations

from scv_emulator.salesforce import org_objects, service_objects, voice_objects
from scv_emulator.salesforce.schema import Schema


def standard_schema() -> Schema:
    """A fresh schema with the standard objects; extending it changes no other org."""
    objects = (*org_objects.OBJECTS, *service_objects.OBJECTS, *voice_objects.OBJECTS)
    return Schema(one.copy() for one in objects)
