"""What data validation leaves behind, statistics, schemas and anomalies, as plain tables."""
