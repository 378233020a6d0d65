"""Stages step by step: what an instruction depends on, and how it is done."""
