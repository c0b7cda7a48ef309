"""The page about a folder of clips."""
