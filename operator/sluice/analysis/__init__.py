"""Pure statistics: counters of a canary and of its stable version in, one judgement out."""
