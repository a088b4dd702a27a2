"""Where people are seen: the clinic's workplace with its opening hours, its rooms and chairs, and what assistants may do there.

Words: a *workplace* is a site; one is *primary*, the clinic's own; others arrive by import. A *room* is a room or a chair
that an appointment may occupy. A *scope* is one thing that an assistant may do in one workplace.
"""
