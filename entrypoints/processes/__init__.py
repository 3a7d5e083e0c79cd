"""Several processes on one port: a parent that serves nothing keeps its children running, and in the end stops them.

They share one inherited socket: with SO_REUSEPORT a child that dies or hangs takes the clients in its own queue along.

A child's standard input is its line to the parent: it says there that it serves, and sees the parent's end. (The guard
of the local servers does that for programs that cannot; it would hold the socket open while its child drains.)
"""
