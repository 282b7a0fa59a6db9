"""What stands between an accelerator and its host: registers, links, a self-test."""
