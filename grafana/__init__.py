"""Grafana dashboards as code: a small builder, and the dashboards that it writes."""
