"""The store on a server of ML Metadata's gRPC service: a client that is a ``Store``."""
