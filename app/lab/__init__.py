"""Training in the background, watched through a status file."""
