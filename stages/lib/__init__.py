"""What the stages call: the science and its helpers, one concept a file."""
