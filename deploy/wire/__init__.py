"""What is said: motor records, joint commands and states, checked on the way in."""
