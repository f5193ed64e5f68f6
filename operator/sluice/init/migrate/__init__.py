"""`sluice-init migrate`: SQL files, up and down, with a history that is kept."""
