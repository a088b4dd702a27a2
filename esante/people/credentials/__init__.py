"""Copies of a doctor's licence and identity card: sealed, for the doctor and for the admins who verify, never for anybody else."""
