"""What a world model behind the tools costs, and what it is told: measured beside the same server asked directly."""
