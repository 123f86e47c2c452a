"""What Prometheus computes and judges, rendered from the declarations."""
