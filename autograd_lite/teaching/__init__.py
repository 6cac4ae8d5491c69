"""What a teacher needs around the engine: the usual mistakes of backpropagation, played on the same graph."""
