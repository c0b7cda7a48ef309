"""`sugarmill doctor`: this machine, and a robot as seen from here."""
