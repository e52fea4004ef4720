"""The Metadata API: packages are deployed to the org, by SOAP and by REST, and what they contain takes effect.

Source: Metadata API Developer Guide.
"""
