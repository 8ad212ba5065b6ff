"""The room of the Compare page: choosing what to compare, watching it train, and what came out."""
