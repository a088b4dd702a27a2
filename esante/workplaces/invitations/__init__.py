"""Invitations to assist at a site: sent, answered, taken back, run out; by address or by code."""
