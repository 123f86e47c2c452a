"""Proof under faults: real processes killed, frozen and moved under load, then every number recounted."""
