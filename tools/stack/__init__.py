"""The local stack: a real broker, workers, Prometheus and a replay, as processes under a small supervisor."""
