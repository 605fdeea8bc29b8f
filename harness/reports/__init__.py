"""Renderers of a run log and its comparison; they read nothing but their arguments."""
