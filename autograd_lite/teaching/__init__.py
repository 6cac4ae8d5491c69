"""What a teacher needs around the engine: worksheets, checks of answers and engines, and common mistakes."""
