"""Task to skill: train, distil, generate commands, evaluate and export."""
