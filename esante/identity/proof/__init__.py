"""Proof: is it still the account's owner who acts, or somebody who found the session open?"""
