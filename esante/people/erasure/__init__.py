"""Forgetting a person: the name goes, what the law makes the clinic keep stays under the id."""
