"""Contained places to run one block of code in, forked from a warm interpreter.

Four processes take part. The *client* lives in the harness. It starts a *server*: an
interpreter with a clean environment that has imported the scenario's libraries and sees
little but them and the system's programs. For each block the server forks a *keeper*, which
makes new namespaces and an empty file system of limited size, watches over the limits and
gathers the output. Its child is the *first process* of the cell, which ends everything in the
cell when it ends itself; the block runs in a child of that one, confined by Landlock, a system
call filter and resource limits.

Everything here but the client runs inside that clean interpreter: standard library only.
"""
