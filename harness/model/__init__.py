"""Frozen data the product passes around: public, and stored under versioned schemas."""
