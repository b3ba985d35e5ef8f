"""The model: MLMD's vocabulary as frozen values, with no I/O, no SQL and no protobuf."""
