"""The walls in a browser, for machines without Grafana: `ioc viewer`."""
