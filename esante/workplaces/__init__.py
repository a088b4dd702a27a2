"""Where people are seen: sites with opening hours, rooms and chairs, and who works there.

Words: a *workplace* is a site; one is *primary*, the clinic's own; others are made by practitioners, who then own them, or arrive
by import. A *member* is a practitioner who works at a site. A *room* is a room or a chair that an appointment may occupy. An
*invitation* asks somebody to assist at a site, an *assignment* says that they do, a *scope* is one thing that they may do there.
Main use cases: `open_workplace`, `close_workplace`, `invite`, `respond`, `join`, `leave`, `remove`.
"""
