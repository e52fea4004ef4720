"""The schema of an org before anything is deployed to it."""

from __future__ import annotations

from scv_emulator.salesforce import org_objects, service_objects, voice_objects
from scv_emulator.salesforce.schema import Schema


def standard_schema(*, voice: bool = True) -> Schema:
    """A fresh schema with the standard objects; extending it changes no other org.

    Without `voice` it is that of an org without Service Cloud Voice: no VoiceCall, no recording, no conversation.
    """
    objects = (*org_objects.OBJECTS, *service_objects.OBJECTS, *(voice_objects.OBJECTS if voice else ()))
    return Schema(one.copy() for one in objects)
