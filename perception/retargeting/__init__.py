"""From what was seen to what the robot can follow."""
