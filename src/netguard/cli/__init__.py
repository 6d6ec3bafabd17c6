"""The ``netguard`` command: tools that show and check what a policy does."""
