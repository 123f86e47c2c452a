"""The first receiver of Alertmanager: a Vietnamese line per notification, no "resolved" that nobody can vouch for."""
