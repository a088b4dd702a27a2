"""The ground floor: database, transaction, audit log, jobs, keys, files. It knows no clinical word and imports no room."""
