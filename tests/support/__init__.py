"""Real parts for the tests: servers, certificates, a browser, an outside grader."""
