"""Faults on demand: what can go wrong between an exchange and its clients, armed by whom it shall meet and when."""
