"""Serverless Patterns: a catalogue of serverless architecture patterns in which every pattern is alive."""
