"""PREPARE: what we run, who answers for it and what each severity asks for, as plain values."""
