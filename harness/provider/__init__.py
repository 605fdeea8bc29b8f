"""The scripted provider: an OpenAI-compatible HTTP server whose replies are written down.

It is no model. A suite's ``provider.py`` says what it answers; the shipped
cassettes are recorded from it over real HTTP, and say so.
"""
