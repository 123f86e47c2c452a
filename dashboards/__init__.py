"""What is seen: dashboards and walls, rendered from the declarations into Grafana's JSON."""
