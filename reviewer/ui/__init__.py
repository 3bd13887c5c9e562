"""The desk on screen: Qt over the services, and nothing that decides.

Guarantees: foreign text is shown as plain text only (`text`), the interface never waits for a service (`worker`), and
all colour and type comes from one place (`theme`).
"""
