"""Reward terms and the stack that sums them."""
