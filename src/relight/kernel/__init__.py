"""Shared nouns of every room: who, when, how bad, where a fault lies. Pure; imports no room."""
