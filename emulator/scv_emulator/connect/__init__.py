"""A local Amazon Connect: contacts, contact flows with a scripted caller, recordings and media streams."""
