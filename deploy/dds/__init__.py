"""How it travels: DDS endpoints, message types, one robot's link and lease."""
