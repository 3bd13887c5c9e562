"""Drafts in (dialects) and finals out (transports). All that arrives here is untrusted until it is checked."""
