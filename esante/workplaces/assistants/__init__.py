"""Assistants: invited to a site with scopes, answering, working there, leaving or removed."""
