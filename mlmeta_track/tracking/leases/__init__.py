"""Leases: which process records a step, whether it is alive, and how a dead one's steps end."""
