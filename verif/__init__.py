"""Proofs: simulators, emulator and certificate, working on a build folder."""
