"""ML Metadata's messages and service, and how they become domain values; needs ``[mlmd]``."""
