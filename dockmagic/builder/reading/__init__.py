"""What a Dockerfile asks for, before anything is done: its stages, their order, and what each instruction sees."""
