"""One table of rows (policy, request, expected response) that runs through every driver and adapter there is.

A new row is one entry in ``rows``; a new adapter is one function and one entry in ``drivers.DRIVERS``.
"""
