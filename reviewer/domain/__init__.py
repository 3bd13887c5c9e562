"""The rules of reviewing.

Standard library only: no disk, no database, no clock, no Qt. Everything here is a value or a pure function,
so that the same rule holds in the desk, in the commands and in the tests.
"""
