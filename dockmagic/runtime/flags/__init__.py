"""What docker's flags for containers say."""
