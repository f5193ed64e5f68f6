"""Init nodes of a StartupGraph, decided: what runs once per version, and what is known of it.

A migration that runs twice, or beside another one, is worse than one that does not run. So an
intent is written before its Job is made, a record before it is let go, and what cannot be known
is left to a person.
"""
