"""The panels of the Train page: each draws one part of a session, and nothing else."""
