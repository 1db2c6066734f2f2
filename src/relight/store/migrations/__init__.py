"""The history of `tables.metadata`, one step a file, applied by `store.schema`."""
