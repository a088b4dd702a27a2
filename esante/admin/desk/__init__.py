"""Pages that gather what several rooms know."""
