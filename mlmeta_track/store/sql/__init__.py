"""The store on SQL databases, in MLMD's own tables; SQLAlchemy is spoken here and nowhere else."""
