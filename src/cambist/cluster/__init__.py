"""The venue's log on several machines: the journal's port on NATS JetStream, and what the nodes say to each other.

Nothing here is imported by a venue on one machine, and nats-py by nothing else: it comes with `cambist[cluster]`.
"""
