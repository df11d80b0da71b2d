"""The demo: New York's flights of 2013, fetched from a faulty API and loaded into five tables.

``data`` reads the published files, ``faults`` plans what goes wrong, ``api`` serves the pages,
``hooks`` is what a user would write, ``flights_demo.sql`` declares the tables and the pipeline,
``expected`` works out from the files alone what must come of it, and ``story`` plays it all.
"""
