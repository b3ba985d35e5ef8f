"""What a store need not keep for ever: chosen by a policy, archived, deleted, and put back."""
