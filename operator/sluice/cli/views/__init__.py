"""From objects to what is shown of them: pure, so that a golden file proves each picture."""
