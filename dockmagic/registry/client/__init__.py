"""The client of one registry server: requests with authentication and retries, and its errors in plain words."""
