"""Where a request becomes a command: gathers the facts that deciding needs, then asks the ledger.

Web, CLI and worker all go through here, so that each command has one body.
"""
