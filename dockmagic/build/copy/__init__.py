"""COPY, ADD and WORKDIR."""
