"""StartupGraph, decided: what starts when, what it waits for, and when a pod gets traffic."""
