"""A test bench for multi-agent LLM conversations."""
