"""What is kept on disk for containers: their records, volumes, and the unpacked layers that they share."""
