"""The court-booking service as a Starlette app."""
