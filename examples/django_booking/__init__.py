"""The court-booking service as a Django project, with Django's own models, authentication, templates and admin."""
