"""What is the same for every visitor: rendered once, kept by the hash of all it was made from, answered from memory."""
