"""The health of the box for whoever runs the clinic (SPEC AD-12): each part measured, and what needs somebody's hand."""
