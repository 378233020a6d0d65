"""Build: Dockerfiles to images, step by step, cached and explained."""
