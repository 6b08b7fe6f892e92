"""A checkpoint behind an OpenAI-compatible endpoint, on a CPU, without vLLM."""
