"""The Telephony Integration API of the emulated org (Implementation Guide, chapter 3)."""
