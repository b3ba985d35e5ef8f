"""Context: what work belongs to, carried to wherever it is done."""
