"""May this model ship: budgets, checks against evidence, and the verdict."""
