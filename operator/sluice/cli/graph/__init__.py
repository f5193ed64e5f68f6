"""`sluice graph`: the commands of kind StartupGraph."""
