"""Bytes of Kafka to and from the worker: alone knows private parts of Faust and aiokafka, never what a record means."""
