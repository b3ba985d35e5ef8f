"""What every measurement shares: contenders in processes, interleaved rounds, tables and JSON."""
