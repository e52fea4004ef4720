"""Delivers voicemails to reps in Salesforce Service Cloud Voice: never lost, never doubled, never routed too early."""
