"""What the engine's bench measures: volumes of ours and of others, and what is asked of them."""
