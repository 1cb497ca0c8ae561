"""The contract between a parent process and its children: hello, ready, heartbeats, events, stop, bye.

In `app/core` because device servers and recorders are children too.
"""
