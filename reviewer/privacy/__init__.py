"""Personal data: found, replaced by PII tokens, and kept from going out wrong.

Guarantees: nothing in here reaches the network, logs a text, or keeps one. The same text gives the same answer,
always.
"""
