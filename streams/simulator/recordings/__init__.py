"""How files of real foreign data become events of our feeds, one module a data set."""
