"""One engine per framework; each imports its framework inside its functions."""
