"""Traffic between an agent and a real service: captured, answered by a twin instead, compared, replayed."""
