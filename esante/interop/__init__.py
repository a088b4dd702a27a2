"""How esante speaks with other systems: composed from the services of the rooms, below the command line and the app."""
