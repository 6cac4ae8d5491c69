"""nn: neural networks of Values, in the notation of the lecture (CMU 10-301/601, lecture 14)."""
