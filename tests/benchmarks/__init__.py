"""Benchmarks of pgbacklog, side by side with hand-written designs and other packages."""
