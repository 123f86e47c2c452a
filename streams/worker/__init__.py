"""The worker: Kafka records in, exact numbers out."""
