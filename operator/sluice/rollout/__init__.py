"""Rollout, decided: which stage a rollout is in, what moves it on, and what each stage asks for."""
